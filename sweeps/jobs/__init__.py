"""The jobs that runs are made by: started, followed, and started again.

launcher                           the protocol that every launcher keeps, and the one of this machine
reconcile, policy                  what to do with a run; how often and how soon it is started again (pure)
journal, ends                      what was started and seen; how and why a job ended
known, gpu_hours                   a run's jobs as its status shows them, and what they were paid for
driver_job                         the job that a driver itself runs in
"""

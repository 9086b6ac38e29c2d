# verl, vLLM and entrocraft for NVIDIA GPUs (CUDA 13). Never built and never run by us: the versions were read from
# verl 0.9.1's own extras `vllm` and `flash-attn-cu130torch211`. See docs/container.md.
#
#   docker build -f containers/verl.Dockerfile -t entrocraft-verl .

# devel, not runtime: flash-attn is compiled here, and vLLM's kernels may be compiled when they are first used.
FROM nvidia/cuda:13.0.3-devel-ubuntu24.04

RUN apt-get update \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
      build-essential git make ninja-build python3 python3-dev python3-venv \
 && rm -rf /var/lib/apt/lists/*

RUN python3 -m venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH PIP_NO_CACHE_DIR=1

RUN pip install --upgrade pip setuptools wheel packaging
RUN pip install torch==2.11.0 torchvision==0.26.0 torchaudio==2.11.0
RUN pip install "verl[verl-core,vllm]==0.9.1" vllm==0.24.0 transformers==5.9.0 tensordict==0.10.0 TransferQueue==0.1.11

# verl's actor uses flash_attention_2. Long; 90 is the H100. More jobs at a time need about 4 GB of memory each.
ARG FLASH_ATTN_CUDA_ARCHS=90
ARG MAX_JOBS=8
RUN FLASH_ATTN_CUDA_ARCHS=$FLASH_ATTN_CUDA_ARCHS MAX_JOBS=$MAX_JOBS pip install --no-build-isolation flash-attn==2.8.3

# Editable and with its .git, so that a run's manifest has the commit.
COPY . /opt/entrocraft
RUN pip install --editable '/opt/entrocraft[verl]' && git config --system --add safe.directory /opt/entrocraft

# Fails the build when a pin was moved by a later step, or when verl would not find the plug-in.
RUN python -c "from importlib.metadata import entry_points, version as v; \
pins = {'torch': '2.11.0', 'vllm': '0.24.0', 'transformers': '5.9.0', 'verl': '0.9.1'}; \
found = {name: v(name).split('+')[0] for name in pins}; assert found == pins, found; \
assert 'entrocraft' in {point.name for point in entry_points(group='verl.plugins')}"

ENV HF_HUB_OFFLINE=1
WORKDIR /work
CMD ["entrocraft", "--help"]

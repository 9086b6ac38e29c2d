"""Reading a command line as Slurm's commands do: --key=value, --key value, -kvalue, and nothing that is unknown."""

import sys


class Refused(Exception):
    """A command line that the fake does not take; `str` is what is printed."""


def read(command, arguments, valued, flags=(), stop_at_word=False):
    """Options as a dictionary, and the words that are none.

    `valued` and `flags` map every accepted spelling ("job-name", "J") to the name in the dictionary. With
    `stop_at_word` everything from the first word on is words.
    """
    found, words, rest = {}, [], list(arguments)
    while rest:
        argument = rest.pop(0)
        if argument == "--" or not argument.startswith("-") or argument == "-":
            words += rest if argument == "--" else [argument]
            if stop_at_word or argument == "--":
                words += rest if argument != "--" else []
                break
            continue
        if argument.startswith("--"):
            key, equals, value = argument[2:].partition("=")
        else:
            key, value = argument[1], argument[2:]
            equals = bool(value)
        if key in valued:
            if not equals:
                if not rest:
                    raise Refused(f"{command}: option requires an argument -- '{key}'")
                value = rest.pop(0)
            found[valued[key]] = value
        elif key in flags:
            found[flags[key]] = value if equals else True
        else:
            raise Refused(f"{command}: unrecognized option '{argument}'")
    return found, words


def refuse(error):
    print(error, file=sys.stderr)
    return 1

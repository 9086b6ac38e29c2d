"""What a model folder must have: weights that fit its config, a tokenizer, a chat template."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file

from harness.assets import model_folder
from harness.errors import ConfigError
from harness.problems.countdown import Problem, grade
from harness.torch_backend import hf_folder
from harness.torch_backend.policy import Policy
from harness.torch_backend.tokenizer import PolicyTokenizer

TEMPLATES = {
    "shipped": None,
    "blocks on lines of their own": (
        "{% for message in messages %}\n    {% if message['role'] == 'user' %}\n{{ message['content'] }}=\n"
        "    {% endif %}\n{% endfor %}\n{% if add_generation_prompt %}\n:{% endif %}"
    ),
    "special tokens": "{{ eos_token }}{{ messages[0]['content'] }}{{ unk_token }}{{ pad_token }}:",
    "loop controls": "{% for message in messages %}{{ message['content'] }}{% break %}{% endfor %}:",
}


@pytest.fixture
def copy(tiny: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny, tmp_path / "model"))


@pytest.mark.parametrize("template", TEMPLATES.values(), ids=TEMPLATES.keys())
def test_a_prompt_is_what_transformers_makes_of_a_user_message(template: str | None, copy: Path) -> None:
    if template is not None:
        (copy / "chat_template.jinja").write_text(template)
    theirs = transformers.AutoTokenizer.from_pretrained(copy).apply_chat_template(
        [{"role": "user", "content": "3 7 2=13"}], add_generation_prompt=True, return_dict=False
    )
    assert PolicyTokenizer.load(copy).encode_prompt("3 7 2=13") == theirs
    assert len(theirs) >= 9


def test_a_template_runs_in_a_sandbox(copy: Path) -> None:
    (copy / "chat_template.jinja").write_text("{{ messages.__class__.__mro__ }}")
    with pytest.raises(Exception, match="unsafe"):
        PolicyTokenizer.load(copy).encode_prompt("1")


def test_a_template_in_the_tokenizer_config_is_read(copy: Path) -> None:
    (copy / "chat_template.jinja").unlink()
    config = json.loads((copy / "tokenizer_config.json").read_text())
    config["chat_template"] = "{{ messages[0]['content'] }}:"
    config["eos_token"] = {"content": "<eos>", "special": True}
    (copy / "tokenizer_config.json").write_text(json.dumps(config))
    tokenizer = PolicyTokenizer.load(copy)
    assert tokenizer.encode_prompt("1") == tokenizer.encode("1:")
    assert (tokenizer.eos_id, tokenizer.pad_id) == (1, 0)


def test_text_survives_encoding_and_decoding(shipped: Policy) -> None:
    tokenizer = shipped.tokenizer
    text = "(3+7)*2-13/4=0: 56789"
    ids = tokenizer.encode(text)
    assert len(ids) == len(text) and tokenizer.decode(ids) == text
    assert tokenizer.decode([*ids, tokenizer.eos_id]) == text
    assert tokenizer.encode("x") == [2]  # <unk>


def test_special_tokens_inside_an_answer_are_seen_by_the_grader(shipped: Policy) -> None:
    """Else a policy whose entropy is held up learns to spend it on tokens that cost nothing (docs/log.md)."""
    pad, eos = shipped.tokenizer.pad_id, shipped.tokenizer.eos_id
    right = shipped.tokenizer.encode("3+4")
    problem = Problem("p", (3, 4), 7)
    assert grade(problem, shipped.text([*right, eos])).correct
    for hidden in ([*right, pad, eos], [right[0], 2, *right[1:], eos], [*right, eos, eos]):
        assert not grade(problem, shipped.text(hidden)).correct


@pytest.mark.parametrize("name", ["tokenizer.json", "tokenizer_config.json", "chat_template.jinja"])
def test_a_missing_part_of_the_tokenizer_is_refused(name: str, copy: Path) -> None:
    (copy / name).unlink()
    with pytest.raises(ConfigError, match=f"model folder needs .*{name.split('.')[0].replace('_', '.')}"):
        PolicyTokenizer.load(copy)


@pytest.mark.parametrize("role", ["pad_token", "eos_token"])
@pytest.mark.parametrize("token", [None, "<nowhere>"])
def test_an_unknown_special_token_is_refused(role: str, token: str | None, copy: Path) -> None:
    config = json.loads((copy / "tokenizer_config.json").read_text())
    (copy / "tokenizer_config.json").write_text(json.dumps({**config, role: token}))
    with pytest.raises(ConfigError, match=f"must name a known {role}.*got {token!r}"):
        PolicyTokenizer.load(copy)


def test_a_folder_without_weights_or_config_is_refused(copy: Path) -> None:
    (copy / "model.safetensors").unlink()
    with pytest.raises(ConfigError, match=r"safetensors"):
        hf_folder.load(copy)
    (copy / "config.json").unlink()
    with pytest.raises(ConfigError, match=r"config\.json"):
        hf_folder.load(copy)


def test_weights_that_lack_a_tensor_are_refused(copy: Path) -> None:
    tensors = load_file(copy / "model.safetensors")
    del tensors["model.layers.1.self_attn.k_proj.weight"]
    save_file(tensors, copy / "model.safetensors")
    with pytest.raises(ConfigError, match=r"model\.layers\.1\.self_attn\.k_proj\.weight"):
        hf_folder.load(copy)


@pytest.mark.parametrize(("key", "value"), [("vocab_size", 23), ("head_dim", 8), ("head_dim", 24), ("hidden_size", 32)])
def test_weights_that_do_not_fit_the_config_are_refused(key: str, value: int, copy: Path) -> None:
    config = json.loads((copy / "config.json").read_text())
    (copy / "config.json").write_text(json.dumps({**config, key: value}))
    with pytest.raises(ConfigError, match=r"must fit its config\.json; got model\..*in '.*/model'"):
        hf_folder.load(copy)


def test_weights_in_several_files_are_read(copy: Path, shipped: Policy) -> None:
    tensors = load_file(copy / "model.safetensors")
    names = sorted(tensors)
    save_file({name: tensors[name] for name in names[::2]}, copy / "model-00001-of-00002.safetensors")
    save_file({name: tensors[name] for name in names[1::2]}, copy / "model-00002-of-00002.safetensors")
    (copy / "model.safetensors").unlink()
    loaded = hf_folder.load(copy).state_dict()
    assert all(torch.equal(loaded[name], tensor) for name, tensor in shipped.model.state_dict().items())


def test_saving_beside_a_base_folder_that_is_gone_is_refused(copy: Path, tmp_path: Path) -> None:
    """Or the checkpoint would have no tokenizer, and nothing could go on from it."""
    policy = Policy.load(copy, torch.device("cpu"))
    shutil.rmtree(copy)
    with pytest.raises(ConfigError, match=r"no config\.json in"):
        policy.save(tmp_path / "checkpoint")


def test_a_model_path_is_a_shipped_name_or_a_folder(tmp_path: Path) -> None:
    assert (model_folder("tiny") / "config.json").is_file()
    assert model_folder(str(model_folder("tiny"))) == model_folder("tiny")
    with pytest.raises(ConfigError, match=r"shipped models \(tiny\), a Hugging Face folder"):
        model_folder(str(tmp_path))


def test_the_shipped_weights_are_small_and_nothing_of_its_test_split_was_trained_on(tiny: Path) -> None:
    from harness.problems.countdown import CountdownConfig, make_problems
    from harness.torch_backend.pretrain import make_corpus

    assert sum(file.stat().st_size for file in tiny.iterdir()) < 4_000_000
    held_out = {(tuple(sorted(p.numbers)), p.target) for p in make_problems(CountdownConfig())["test"]}
    for question, _ in make_corpus(2_000, seed=0):
        numbers, target = question.split("=")
        assert (tuple(sorted(map(int, numbers.split()))), int(target)) not in held_out

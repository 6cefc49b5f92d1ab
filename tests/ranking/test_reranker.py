import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from catalog.demo import products
from core.artifacts import resolve
from core.errors import InvalidSettings, ModelDamaged, ModelMissing
from core.settings import load_settings
from ranking.adapter import AdapterConfig, base_digest, load_adapter, merged, save_adapter
from ranking.reading import passage
from ranking.reranker import Reranker, open_reranker, pair_tokeniser, read_pair_model

QUERY = "quiet kettle for a small kitchen"
LAYERS = ("attention.self.query", "attention.self.value", "intermediate.dense", "output.dense")
SIZES = {"intermediate.dense": (384, 1536), "output.dense": (1536, 384)}
AWKWARD = [
    "",
    "\x00\x01\x1b[0m",
    "🦄 kettle 🔥",
    "\ud83d half",
    " " * 100_000,
    "x" * 10_000,
    "кофе 咖啡 قهوة",
]


def write_adapter(folder: Path, head: Any, max_tokens: int = 64) -> Path:
    """Save an adapter of the real base, seeded, with a head whose scores differ."""
    random = np.random.default_rng(7)
    tensors: dict[str, NDArray[np.float64]] = {
        "head.dense.weight": random.normal(0, 0.1, (384, 384)),
        "head.dense.bias": random.normal(0, 0.1, 384),
        "head.out.weight": random.normal(0, 0.02, (1, 384)),
        "head.out.bias": random.normal(0, 0.1, 1),
    }
    modules = tuple(f"encoder.layer.{layer}.{name}" for layer in (0, 5) for name in LAYERS)
    for module in modules:
        wide, high = SIZES.get(module.split(".", 3)[3], (384, 384))
        tensors[f"{module}.lora_A"] = random.normal(0, 0.05, (4, wide))
        tensors[f"{module}.lora_B"] = random.normal(0, 0.05, (high, 4))
    config = AdapterConfig(
        base="minilm",
        base_sha256=base_digest("minilm"),
        rank=4,
        alpha=8.0,
        modules=modules,
        head=head,
        max_tokens=max_tokens,
    )
    save_adapter(folder, {name: t.astype(np.float32) for name, t in tensors.items()}, config)
    return folder


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the converted graphs a place of their own; the base comes from the normal cache."""
    folder = tmp_path_factory.mktemp("cache")
    models = load_settings().cache / "models"
    resolve("minilm", load_settings())
    (folder / "models").symlink_to(models, target_is_directory=True)
    return folder


@pytest.fixture(scope="module")
def passages() -> list[str]:
    return [passage(product) for product in islice(products(), 0, 250, 5)]


@pytest.fixture(scope="module", params=["cls", "mean"])
def adapter(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_adapter(tmp_path_factory.mktemp("adapter"), request.param)


@pytest.fixture(scope="module")
def reranker(adapter: Path, cache: Path) -> Reranker:
    return opened(adapter, cache)


def opened(model: Path | str, cache: Path, **overrides: Any) -> Reranker:
    given = {"reranker_max_tokens": 64, **overrides}
    found = open_reranker(load_settings(reranker=str(model), cache=cache, device="cpu", **given))
    assert found is not None
    return found


def reference(folder: Path, query: str, passages: list[str]) -> NDArray[np.float32]:
    """The score as the format defines it, by the library's own model, one pair at a time."""
    import torch
    from safetensors.numpy import load_file
    from transformers import AutoTokenizer, BertModel

    adapter = load_adapter(folder)
    base = resolve("minilm", load_settings())
    model: Any = BertModel.from_pretrained(base)
    model.eval()
    weights = merged(adapter, load_file(base / "model.safetensors"))
    model.load_state_dict({name: torch.from_numpy(w) for name, w in weights.items()}, strict=False)
    tokenizer: Any = AutoTokenizer.from_pretrained(base)
    head = {name: torch.from_numpy(tensor) for name, tensor in adapter.tensors.items()}
    scores = []
    for text in passages:
        pair = tokenizer(query, text, truncation="only_second", max_length=64, return_tensors="pt")
        with torch.no_grad():
            hidden = model(**pair).last_hidden_state[0]
        state = hidden[0] if adapter.config.head == "cls" else hidden.mean(0)
        dense = torch.tanh(head["head.dense.weight"] @ state + head["head.dense.bias"])
        scores.append(float(head["head.out.weight"] @ dense + head["head.out.bias"]))
    return np.array(scores, np.float32)


@pytest.fixture(scope="module")
def expected(adapter: Path, passages: list[str]) -> NDArray[np.float32]:
    return reference(adapter, QUERY, passages)


def test_openvino_scores_are_those_of_the_merged_model_in_torch(
    reranker: Reranker, expected: NDArray[np.float32], passages: list[str]
) -> None:
    assert expected.std() > 0.02  # or the comparison would show nothing
    found = reranker.score(QUERY, passages)
    assert np.abs(found - expected).max() < 1e-2
    assert np.corrcoef(found, expected)[0, 1] > 0.999


def test_scores_are_not_rounded_to_the_precision_of_the_layers(
    reranker: Reranker, passages: list[str]
) -> None:
    scores = reranker.score(QUERY, passages)
    as_bfloat16 = (scores.view(np.uint32) & 0xFFFF0000).view(np.float32)
    assert (scores != as_bfloat16).mean() > 0.9


def test_torch_scores_are_those_of_the_merged_model_in_float32(
    reranker: Reranker, adapter: Path, cache: Path, passages: list[str], expected: NDArray[np.float32]
) -> None:
    from ranking.reranker_torch import TorchReranker

    settings = load_settings(reranker=str(adapter), cache=cache, reranker_max_tokens=64)
    torch_reranker = TorchReranker(read_pair_model(settings), "cpu")
    assert torch_reranker.name == reranker.name
    assert np.abs(torch_reranker.score(QUERY, passages) - expected).max() < 1e-3


def test_the_graph_is_exact_where_the_processor_is_told_to_be(
    adapter: Path, cache: Path, passages: list[str], expected: NDArray[np.float32]
) -> None:
    import openvino

    from ranking.reranker import PairBatches
    from ranking.reranker_openvino import converted

    settings = load_settings(reranker=str(adapter), cache=cache, device="cpu", reranker_max_tokens=64)
    model = read_pair_model(settings)
    exact = openvino.Core().compile_model(
        converted(model, settings), "CPU", {"INFERENCE_PRECISION_HINT": "f32"}
    )
    scores = np.empty(len(passages), np.float32)
    for batch in PairBatches(model)(QUERY, passages, 7):
        scores[batch.rows] = exact([batch.input_ids, batch.attention_mask, batch.token_type_ids])[0]
    assert np.abs(scores - expected).max() < 1e-3


def test_the_order_of_the_passages_changes_no_score(reranker: Reranker, passages: list[str]) -> None:
    scores = reranker.score(QUERY, passages)
    assert np.allclose(reranker.score(QUERY, passages[::-1])[::-1], scores, atol=1e-2)


def test_a_passage_alone_scores_as_it_does_among_fifty(reranker: Reranker, passages: list[str]) -> None:
    alone = [float(reranker.score(QUERY, [text])[0]) for text in passages]
    assert np.allclose(reranker.score(QUERY, passages), alone, atol=1e-2)


def test_no_passages_have_no_scores(reranker: Reranker) -> None:
    scores = reranker.score(QUERY, [])
    assert (scores.shape, scores.dtype) == ((0,), np.dtype(np.float32))


@pytest.mark.parametrize("query", [*AWKWARD, QUERY, "long words " * 1_000])
def test_any_query_and_any_passage_get_a_score(reranker: Reranker, query: str) -> None:
    scores = reranker.score(query, AWKWARD)
    assert np.isfinite(scores).all()
    assert len(scores) == len(AWKWARD)


def test_a_passage_of_megabytes_scores_as_its_beginning(reranker: Reranker) -> None:
    beginning = "kettle with a handle, " * 30
    scores = reranker.score(QUERY, [beginning, beginning * 2_000])
    assert scores[0] == pytest.approx(scores[1], abs=1e-2)


def test_threads_that_score_at_once_get_what_they_would_get_alone(
    reranker: Reranker, passages: list[str]
) -> None:
    queries = [f"{QUERY} number {n}" for n in range(6)]
    alone = [reranker.score(query, passages[:20]) for query in queries]
    with ThreadPoolExecutor(6) as pool:
        together = list(pool.map(lambda query: reranker.score(query, passages[:20]), queries))
    assert np.allclose(alone, together, atol=1e-3)


def test_a_pair_is_cut_at_the_passage_and_a_long_query_at_half() -> None:
    folder = resolve("minilm", load_settings())
    tokenise = pair_tokeniser(folder, 16)
    cls, sep, red, shoe, belt = 101, 102, 2417, 10818, 5583
    [(ids, types)] = tokenise("red shoe", ["belt"])
    assert list(ids) == [cls, red, shoe, sep, belt, sep]
    assert list(types) == [0, 0, 0, 0, 1, 1]
    [(ids, _)] = tokenise("red shoe", ["belt " * 30])
    assert list(ids) == [cls, red, shoe, sep, *[belt] * 11, sep]
    [(ids, _)] = tokenise("red " * 30, ["belt " * 30])
    assert list(ids) == [cls, *[red] * 8, sep, *[belt] * 5, sep]
    [(ids, types)] = tokenise("", [""])
    assert (list(ids), list(types)) == ([cls, sep, sep], [0, 0, 1])


def test_fewer_tokens_are_another_reranker_by_name_and_more_than_it_learned_are_not_read(
    adapter: Path, cache: Path, reranker: Reranker
) -> None:
    shorter = opened(adapter, cache, reranker_max_tokens=16)
    assert reranker.name.endswith("-64")
    assert shorter.name == reranker.name.removesuffix("64") + "16"
    assert opened(adapter, cache, reranker_max_tokens=128).name == reranker.name
    text = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen"
    beyond = shorter.score("kettle", [text, f"{text} fifteen sixteen", "one two"])
    assert beyond[0] == pytest.approx(beyond[1], abs=1e-3)
    assert beyond[0] != pytest.approx(beyond[2], abs=1e-2)


def test_another_adapter_is_another_reranker_with_a_graph_of_its_own(cache: Path, tmp_path: Path) -> None:
    first = opened(write_adapter(tmp_path / "a", "cls"), cache)
    second = opened(write_adapter(tmp_path / "b", "mean"), cache)
    assert first.name != second.name
    assert not np.allclose(first.score(QUERY, ["kettle"]), second.score(QUERY, ["kettle"]), atol=1e-2)


def test_once_converted_neither_torch_nor_transformers_is_imported(
    reranker: Reranker, adapter: Path, cache: Path
) -> None:
    program = (
        "import sys; from pathlib import Path; from core.settings import load_settings;"
        "from ranking.reranker import open_reranker;"
        f"settings = load_settings(device='cpu', reranker={str(adapter)!r}, reranker_max_tokens=64,"
        f" cache=Path({str(cache)!r}));"
        "reranker = open_reranker(settings); reranker.score('kettle', ['a', 'b']);"
        "print(reranker.name, [name for name in ('torch', 'transformers') if name in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout == f"{reranker.name} []\n"


def test_none_switches_reranking_off() -> None:
    assert open_reranker(load_settings(reranker="none")) is None


def test_an_unknown_name_says_what_is_possible(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match="no model 'nonsense': give a folder, a Hugging Face id"):
        open_reranker(load_settings(reranker="nonsense", cache=tmp_path))


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("llm:http://127.0.0.1:1", "must name the model"),
        ("llm:gpt", "must name the model"),
        ("llm:ftp://host#m", "must start with http://"),
        ("", "reranker"),
    ],
)
def test_a_setting_that_names_no_reranker_is_refused(value: str, says: str) -> None:
    with pytest.raises(InvalidSettings, match=says):
        load_settings(reranker=value)


@pytest.fixture
def classifier(tmp_path: Path) -> Any:
    """Save tiny random cross-encoders of several kinds, each with the real tokenizer."""
    import shutil

    import torch
    import transformers

    base = resolve("minilm", load_settings())

    def save(kind: str, labels: int) -> Path:
        torch.manual_seed(3)
        sizes: dict[str, Any] = {
            "vocab_size": 30522,
            "hidden_size": 32,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "intermediate_size": 64,
            "max_position_embeddings": 128,
            "initializer_range": 0.2,
            "num_labels": labels,
            "pad_token_id": 0,
        }
        if kind == "DistilBert":
            sizes |= {"dim": 32, "n_layers": 2, "n_heads": 2, "hidden_dim": 64}
        config = getattr(transformers, f"{kind}Config")(**sizes)
        model = getattr(transformers, f"{kind}ForSequenceClassification")(config).eval()
        model.save_pretrained(tmp_path / kind)
        for name in ("tokenizer.json", "tokenizer_config.json"):
            shutil.copy(base / name, tmp_path / kind / name)
        return tmp_path / kind

    return save


def logits(folder: Path, query: str, passages: list[str]) -> NDArray[np.float32]:
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    model: Any = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    tokenizer: Any = AutoTokenizer.from_pretrained(folder)
    rows = []
    for text in passages:
        pair = tokenizer(query, text, truncation="only_second", max_length=64, return_tensors="pt")
        if not getattr(model.config, "type_vocab_size", 0):
            del pair["token_type_ids"]
        with torch.no_grad():
            rows.append(model(**pair).logits[0].numpy())
    return np.array(rows)


@pytest.mark.parametrize(("kind", "labels"), [("Bert", 1), ("Bert", 2), ("DistilBert", 1), ("Electra", 1)])
def test_a_folder_with_a_cross_encoder_scores_as_its_library_does(
    classifier: Any, tmp_path: Path, passages: list[str], kind: str, labels: int
) -> None:
    folder = classifier(kind, labels)
    expected = logits(folder, QUERY, passages[:10])
    by_hand = expected[:, 1] - expected[:, 0] if labels == 2 else expected[:, 0]
    assert by_hand.std() > 0.01
    found = opened(folder, tmp_path / "cache").score(QUERY, passages[:10])
    assert np.corrcoef(found, by_hand)[0, 1] > 0.99
    assert np.abs(found - by_hand).max() < 0.3 * by_hand.std()


def describe(path: Path) -> dict[str, Any]:
    data = path.read_bytes()
    blob = hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()
    lfs = {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data), "pointerSize": 1}
    lfs |= {"oid": lfs["sha256"]}
    return {"size": len(data), "blobId": blob, "oid": blob, "lfs": lfs}


@contextmanager
def hub(folder: Path) -> Iterator[str]:
    """Serve a folder as the repository org/tiny, as Hugging Face does."""
    commit = "c" * 40

    class Handler(SimpleHTTPRequestHandler):
        def do_GET(self) -> None:
            if not self.path.startswith("/api/"):
                self.path = self.path.removeprefix(f"/org/tiny/resolve/{commit}")
                super().do_GET()
                return
            files = {path.name: describe(path) for path in folder.iterdir()}
            tree = [{"type": "file", "path": name, **entry} for name, entry in files.items()]
            siblings = [{"rfilename": name, **entry} for name, entry in files.items()]
            info = {"id": "org/tiny", "sha": commit, "siblings": siblings}
            body = json.dumps(tree if "/tree/" in self.path else info).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            super().end_headers()
            self.wfile.write(body)

        def do_HEAD(self) -> None:
            self.path = self.path.removeprefix(f"/org/tiny/resolve/{commit}")
            super().do_HEAD()

        def end_headers(self) -> None:
            name = self.path.strip("/")
            self.send_header("ETag", json.dumps(describe(folder / name)["blobId"]))
            self.send_header("X-Repo-Commit", commit)
            super().end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder)))
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_cross_encoder_comes_from_the_hub_and_is_found_without_it_afterwards(
    classifier: Any, tmp_path: Path, passages: list[str]
) -> None:
    folder = classifier("Bert", 1)
    with hub(folder) as url:
        fetched = opened("org/tiny", tmp_path / "cache", hf_endpoint=url)
    assert fetched.name.startswith("org--tiny-")
    again = opened("org/tiny", tmp_path / "cache", hf_endpoint="http://127.0.0.1:9")
    assert again.name == fetched.name
    own = opened(folder, tmp_path / "cache").score(QUERY, passages[:5])
    assert np.allclose(again.score(QUERY, passages[:5]), own, atol=1e-3)


def test_a_model_of_three_classes_is_no_reranker(classifier: Any, tmp_path: Path) -> None:
    with pytest.raises(InvalidSettings, match="tells 3 classes apart"):
        opened(classifier("Bert", 3), tmp_path / "cache")


def test_an_encoder_is_no_reranker(cache: Path) -> None:
    with pytest.raises(InvalidSettings, match=r"is no cross-encoder: it holds no classifier"):
        opened("minilm", cache)


def test_a_folder_without_a_model_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(InvalidSettings, match=r"needs config\.json and tokenizer\.json"):
        opened(tmp_path, tmp_path / "cache")


def test_damaged_weights_are_named(classifier: Any, tmp_path: Path) -> None:
    folder = classifier("Bert", 1)
    (folder / "model.safetensors").write_bytes((folder / "model.safetensors").read_bytes()[:-20])
    with pytest.raises(ModelDamaged, match=str(folder)):
        opened(folder, tmp_path / "cache")


def test_weights_that_are_no_numbers_give_an_error_and_no_score(classifier: Any, tmp_path: Path) -> None:
    from safetensors.numpy import load_file, save_file

    folder = classifier("Bert", 1)
    weights = load_file(folder / "model.safetensors")
    save_file({name: w * np.float32(np.nan) for name, w in weights.items()}, folder / "model.safetensors",
              metadata={"format": "pt"})  # fmt: skip
    with pytest.raises(ModelDamaged, match="scores that are no numbers"):
        opened(folder, tmp_path / "cache").score(QUERY, ["kettle"])

import json
import multiprocessing
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from catalog.encoder import Encoder, Vectors, open_encoder, read_model
from core.artifacts import resolve
from core.errors import InvalidSettings, ModelDamaged
from core.settings import Settings, load_settings

TEXTS = [
    "red running shoes",
    "Stainless steel deep fryer, 3 litres, with a removable basket",
    "belt with no buckle " * 100,
    "",
    "crème brûlée torch 🔥",
]
WORDS = (
    "[PAD]",
    "[UNK]",
    "[CLS]",
    "[SEP]",
    *"abcdefghijklmnopqrstuvwxyz:",
    "red",
    "shoe",
    "##s",
    "query",
    "belt",
)


def cosines(left: Vectors, right: Vectors) -> Vectors:
    return np.asarray((left * right).sum(axis=1), np.float32)


def torch_encoder(settings: Settings) -> Encoder:
    from catalog.encoder_torch import TorchEncoder

    return TorchEncoder(read_model(settings, resolve(settings.encoder, settings)), "cpu")


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Save a random BERT in sentence-transformers layout: cls pooling, prompts, 16 tokens."""
    import torch
    from tokenizers import Tokenizer
    from tokenizers.models import WordPiece
    from tokenizers.normalizers import BertNormalizer
    from tokenizers.pre_tokenizers import BertPreTokenizer
    from tokenizers.processors import BertProcessing
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    folder = tmp_path_factory.mktemp("models") / "tiny"
    torch.manual_seed(7)
    config = BertConfig(
        vocab_size=len(WORDS),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=64,
        initializer_range=0.15,  # else every text is nearly the same vector and no test could fail
    )
    BertModel(config).save_pretrained(folder)
    tokenizer = Tokenizer(WordPiece({word: i for i, word in enumerate(WORDS)}, unk_token="[UNK]"))
    tokenizer.normalizer = BertNormalizer()
    tokenizer.pre_tokenizer = BertPreTokenizer()
    tokenizer.post_processor = BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    wrapped = PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="[PAD]")  # type: ignore[no-untyped-call]
    wrapped.save_pretrained(folder)
    library = "sentence_transformers.models"
    documents: dict[str, object] = {
        "modules.json": [
            {"idx": 0, "name": "0", "path": "", "type": f"{library}.Transformer"},
            {"idx": 1, "name": "1", "path": "1_Pooling", "type": f"{library}.Pooling"},
        ],
        "1_Pooling/config.json": {
            "word_embedding_dimension": 32,
            "pooling_mode_cls_token": True,
            "pooling_mode_mean_tokens": False,
        },
        "sentence_bert_config.json": {"max_seq_length": 16, "do_lower_case": False},
        "config_sentence_transformers.json": {"prompts": {"query": "query: ", "document": "belt: "}},
    }
    for name, content in documents.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(json.dumps(content))
    return folder


@pytest.fixture
def copy_of_tiny(tiny: Path, tmp_path: Path) -> Path:
    import shutil

    return Path(shutil.copytree(tiny, tmp_path / "tiny"))


def opened(folder: Path, cache: Path, **overrides: object) -> Encoder:
    return open_encoder(load_settings(encoder=str(folder), cache=cache, device="cpu", **overrides))


def test_rows_are_unit_vectors_in_the_order_of_the_texts(encoder: Encoder) -> None:
    vectors = encoder.encode_documents(TEXTS)
    assert vectors.shape == (len(TEXTS), encoder.dimension)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-3)
    alone = np.vstack([encoder.encode_documents([text]) for text in TEXTS])
    assert cosines(vectors, alone).min() > 0.999


def test_openvino_says_what_torch_says_in_float32(encoder: Encoder) -> None:
    reference = torch_encoder(load_settings(encoder="minilm"))
    assert reference.name == encoder.name
    assert cosines(encoder.encode_documents(TEXTS), reference.encode_documents(TEXTS)).min() > 0.999
    assert cosines(encoder.encode_queries(TEXTS), reference.encode_queries(TEXTS)).min() > 0.999


def test_what_means_the_same_is_nearer_than_what_shares_a_word(encoder: Encoder) -> None:
    query = encoder.encode_queries(["sneakers for jogging"])
    near, far = encoder.encode_documents(["running shoes", "jogging suit pattern for sewing"]) @ query[0]
    assert near > far


@pytest.mark.parametrize(
    "text",
    [
        "",
        " " * 1_000_000,
        "long words " * 100_000,
        "\x00\x01\x1b[0m",
        "🦄" * 1000,
        "\ud83d half",
        "x" * 10_000,
    ],
)
def test_any_text_gets_a_unit_vector(encoder: Encoder, text: str) -> None:
    for vectors in (encoder.encode_queries([text]), encoder.encode_documents([text])):
        assert np.linalg.norm(vectors[0]) == pytest.approx(1, abs=1e-3)


def test_no_texts_give_no_rows(encoder: Encoder) -> None:
    assert encoder.encode_queries([]).shape == encoder.encode_documents([]).shape == (0, encoder.dimension)


def test_threads_that_encode_at_once_get_what_they_would_get_alone(encoder: Encoder) -> None:
    texts = [[f"product {thread} in colour {n}" for n in range(40)] for thread in range(6)]
    alone = (
        [encoder.encode_documents(batch) for batch in texts],
        [encoder.encode_queries(batch) for batch in texts],
    )
    with ThreadPoolExecutor(6) as pool:
        documents = pool.map(encoder.encode_documents, texts)
        queries = pool.map(encoder.encode_queries, texts)
        together = list(documents), list(queries)
    for expected, found in zip(alone, together, strict=True):
        assert cosines(np.vstack(expected), np.vstack(found)).min() > 0.9999


def test_once_converted_neither_torch_nor_transformers_is_imported(encoder: Encoder) -> None:
    program = (
        "import sys; from catalog.encoder import open_encoder; from core.settings import load_settings;"
        "e = open_encoder(load_settings(device='cpu', encoder='minilm')); e.encode_documents(['a', 'b']);"
        "print(e.name, [name for name in ('torch', 'transformers') if name in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout.split(" ", 1) == [encoder.name, "[]\n"]


def test_a_program_that_encodes_and_ends_at_once_ends_well(encoder: Encoder) -> None:
    program = (
        "from catalog.encoder import open_encoder; from core.settings import load_settings;"
        f"assert open_encoder(load_settings(device='cpu', encoder='minilm')).name == {encoder.name!r};"
        "open_encoder(load_settings(device='cpu', encoder='minilm')).encode_documents(['a', 'b'])"
    )
    runs = [
        subprocess.run([sys.executable, "-c", program], capture_output=True, check=False) for _ in range(5)
    ]
    assert [run.returncode for run in runs] == [0] * 5


def test_fewer_tokens_are_another_encoder_by_name(encoder: Encoder) -> None:
    shorter = open_encoder(load_settings(device="cpu", encoder="minilm", encoder_max_tokens=16))
    assert shorter.name == f"{encoder.name.rpartition('-')[0]}-16"
    text = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen"
    beyond = shorter.encode_documents([text, f"{text} fifteen sixteen"])
    assert cosines(beyond[:1], beyond[1:])[0] > 0.9999
    assert (
        cosines(encoder.encode_documents([text]), encoder.encode_documents([f"{text} fifteen"]))[0] < 0.9999
    )


def test_a_folder_pools_by_its_own_rule_and_prompts_queries_and_documents_apart(
    tiny: Path, tmp_path: Path
) -> None:
    encoder = opened(tiny, tmp_path)
    reference = torch_encoder(load_settings(encoder=str(tiny), cache=tmp_path))
    texts = ["red shoes", "belt", "a b c d e f g h i j k l m n o p q r s"]
    assert encoder.dimension == 32
    assert cosines(encoder.encode_queries(texts), reference.encode_queries(texts)).min() > 0.999
    assert cosines(encoder.encode_documents(texts), reference.encode_documents(texts)).min() > 0.999
    assert cosines(encoder.encode_queries(texts), encoder.encode_documents(texts)).max() < 0.999


@pytest.mark.skipif(
    find_spec("sentence_transformers") is None, reason="sentence-transformers is not installed"
)
@pytest.mark.parametrize("pooling", ["mean", "cls", "lasttoken"])
def test_a_folder_encodes_as_sentence_transformers_does(
    copy_of_tiny: Path, tmp_path: Path, pooling: str
) -> None:
    from sentence_transformers import SentenceTransformer

    rule = {"embedding_dimension": 32, "pooling_mode": pooling}
    (copy_of_tiny / "1_Pooling" / "config.json").write_text(json.dumps(rule))
    encoder = opened(copy_of_tiny, tmp_path)
    library = SentenceTransformer(str(copy_of_tiny), device="cpu")
    texts = ["red shoes", "belt", "a b c d e f g h i j k l m n o p q r s", ""]
    queries = library.encode_query(texts, normalize_embeddings=True)
    documents = library.encode_document(texts, normalize_embeddings=True)
    assert cosines(encoder.encode_queries(texts), queries).min() > 0.999
    assert cosines(encoder.encode_documents(texts), documents).min() > 0.999


def test_a_passage_prompt_is_the_document_prompt(copy_of_tiny: Path, tmp_path: Path) -> None:
    prompts = {"prompts": {"query": "query: ", "passage": "passage: "}, "default_prompt_name": "query"}
    (copy_of_tiny / "config_sentence_transformers.json").write_text(json.dumps(prompts))
    model = read_model(load_settings(encoder=str(copy_of_tiny), cache=tmp_path), copy_of_tiny)
    assert (model.query_prompt, model.document_prompt) == ("query: ", "passage: ")


def test_a_plain_transformer_without_modules_is_pooled_by_mean(copy_of_tiny: Path, tmp_path: Path) -> None:
    for name in ("modules.json", "sentence_bert_config.json", "config_sentence_transformers.json"):
        (copy_of_tiny / name).unlink()
    model = read_model(load_settings(encoder=str(copy_of_tiny), cache=tmp_path), copy_of_tiny)
    assert (model.pooling, model.dimension, model.max_tokens, model.query_prompt) == ("mean", 32, 64, "")


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("modules.json", '[{"path": "2_Dense", "type": "x.Dense"}]', "has a Dense module"),
        ("1_Pooling/config.json", '{"pooling_mode_max_tokens": true}', r"pools by \['max'\]"),
        ("1_Pooling/config.json", '{"pooling_mode": ["mean", "cls"]}', "pools by"),
        ("1_Pooling/config.json", '{"include_prompt": false}', "leaves its prompt out"),
        ("config.json", "{}", "needs config.json"),
    ],
)
def test_a_model_that_cannot_be_run_is_refused_with_the_reason(
    copy_of_tiny: Path, tmp_path: Path, name: str, content: str, says: str
) -> None:
    (copy_of_tiny / name).write_text(content)
    with pytest.raises(InvalidSettings, match=says):
        opened(copy_of_tiny, tmp_path)


@pytest.mark.parametrize("name", ["modules.json", "tokenizer.json", "model.safetensors"])
def test_a_damaged_file_is_named(copy_of_tiny: Path, tmp_path: Path, name: str) -> None:
    (copy_of_tiny / name).write_bytes((copy_of_tiny / name).read_bytes()[:-20])
    with pytest.raises(ModelDamaged, match=str(copy_of_tiny)):
        opened(copy_of_tiny, tmp_path)


def test_a_model_that_changed_is_another_encoder(copy_of_tiny: Path, tmp_path: Path) -> None:
    before = opened(copy_of_tiny, tmp_path).name
    (copy_of_tiny / "1_Pooling" / "config.json").write_text('{"pooling_mode": "mean"}')
    assert opened(copy_of_tiny, tmp_path).name != before


def test_a_missing_device_is_told_with_the_way_out(tiny: Path, tmp_path: Path) -> None:
    import torch

    absent = "mps" if not torch.backends.mps.is_available() else "cuda"
    with pytest.raises(InvalidSettings, match=f"device is {absent}.*AISLE_DEVICE"):
        open_encoder(load_settings(encoder=str(tiny), cache=tmp_path, device=absent))


def _encode_in_process(folder: Path, cache: Path) -> Vectors:
    return opened(folder, cache).encode_queries(["red shoes"])


def test_two_processes_that_convert_at_once_agree(tiny: Path, tmp_path: Path) -> None:
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        left, right = pool.starmap(_encode_in_process, [(tiny, tmp_path)] * 2)
    assert cosines(left, right)[0] > 0.9999
    assert len(list(tmp_path.glob("openvino/*/model.xml"))) == 1
    assert not list(tmp_path.glob("openvino/.*.part"))

import onnx
import onnx_ir as ir
import pytest

from portproof.exporter import onnx_io, provenance

TRACE = (
    'File "/home/ann/project/net.py", line 20, in forward\n    return self.head(self.features(x))\n'
    '  File "/home/ann/project/blocks.py", line 41, in forward\n    x = self.conv(x)\n'
    '  File "/v/lib/python3.11/site-packages/torch/nn/modules/conv.py", line 553, in forward\n    return F.conv2d('
)


def graph(text: str = "{ [a] h = Relu(x)\n [b] g = Neg(h)\n [c] y = Abs(g) }") -> ir.Model:
    head = '<ir_version: 10, opset_import: ["" : 23]>\ng (float[2] x) => (float[2] y) '
    return ir.from_proto(onnx.parser.parse_model(head + text))


def node(**metadata: str) -> ir.Node:
    made = graph().graph[0]
    made.metadata_props.update(metadata)
    return made


def test_the_innermost_line_of_the_user_is_named():
    assert provenance.user_line(TRACE) == "blocks.py:41 in forward"


@pytest.mark.parametrize(
    ("frames", "line"),
    [
        (['File "/v/lib/python3.11/site-packages/timm/vit.py", line 7, in forward'], "vit.py:7 in forward"),
        (['File "/a/net.py", line 3, in forward', 'File "/v/site-packages/timm/vit.py", line 7, in f'],
         "net.py:3 in forward"),
        (['File "C:\\\\work\\\\net.py", line 3, in forward'], "net.py:3 in forward"),
        (['File "/usr/lib/python3.11/runpy.py", line 3, in run'], ""),
        (['File "<eval_with_key>.1", line 3, in forward'], ""),
        ([], ""),
    ],
)  # fmt: skip
def test_which_frames_count_as_the_users(frames, line):
    assert provenance.user_line("\n".join(frames)) == line


@pytest.mark.parametrize(
    ("scopes", "path"),
    [("['', 'features', 'features.3', 'conv2d']", "features.3"), ("['', 'add']", ""), ("[]", ""), ("nonsense(", "")],
)
def test_the_module_path_is_what_comes_before_the_operator(scopes, path):
    assert provenance.module_path(scopes) == path


def test_where_says_line_and_module():
    long = {provenance.STACK_TRACE: TRACE, provenance.NAME_SCOPES: "['', 'head', 'head.conv', 'conv2d']"}
    assert provenance.where(node(**long)) == "blocks.py:41 in forward (head.conv)"
    assert provenance.where(node(**{provenance.NAME_SCOPES: "['', 'head', 'relu']"})) == "module head"
    assert provenance.where(node()) == "node 'a'"


def test_compact_keeps_the_answer_and_drops_the_paths():
    model = graph()
    first = model.graph[0]
    first.metadata_props.update(
        {
            provenance.STACK_TRACE: TRACE,
            provenance.NAME_SCOPES: "['', 'head', 'r']",
            "namespace": "/home/ann",
            "mine": "1",
        }
    )
    model.graph.metadata_props["pkg.torch.export.graph_signature"] = "/home/ann"
    before = provenance.where(first)
    provenance.compact(model)
    assert provenance.where(first) == before
    assert set(first.metadata_props) == {provenance.WHERE, provenance.MODULE, "mine"}
    assert b"/home/ann" not in onnx_io.to_bytes(model)
    provenance.compact(model)
    assert provenance.where(first) == before


def test_carry_follows_the_names_of_values():
    before, after = graph(), graph("{ h = Sin(x)\n k = Cos(h)\n y = Abs(k) }")
    for k, old in enumerate(before.graph):
        old.metadata_props[provenance.WHERE] = f"net.py:{k} in forward"
    provenance.carry(before, after)
    # k is new: it stands where its consumer does.
    assert [provenance.where(n).split()[0] for n in after.graph] == ["net.py:0", "net.py:2", "net.py:2"]


def test_fill_takes_the_consumer_else_the_producer():
    model = graph()
    model.graph[1].metadata_props[provenance.WHERE] = "net.py:5 in forward"
    provenance.fill(model)
    assert [provenance.where(n) for n in model.graph] == ["net.py:5 in forward"] * 3


def test_fill_reaches_the_bodies_of_control_flow():
    model = graph(
        "{ c = Constant<value = bool {1}>()\n y = If(c)<then_branch = t () => (float[2] p) { p = Relu(x) },"
        " else_branch = e () => (float[2] q) { q = Neg(x) }> }"
    )
    model.graph[1].metadata_props[provenance.MODULE] = "gate"
    provenance.fill(model)
    assert all(provenance.known(n) for n in model.graph.all_nodes())


def test_fill_leaves_a_graph_without_any_alone():
    model = graph()
    provenance.fill(model)
    assert not any(provenance.known(n) for n in model.graph)

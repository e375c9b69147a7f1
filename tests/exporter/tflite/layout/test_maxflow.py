import networkx
from hypothesis import given
from hypothesis import strategies as st

from portproof.exporter.tflite.layout.maxflow import SINK, SOURCE, FlowNetwork

EDGES = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6), st.integers(0, 9)), max_size=25)


@given(EDGES)
def test_agrees_with_networkx(edges) -> None:
    network = FlowNetwork(7)
    graph = networkx.DiGraph()
    graph.add_nodes_from(range(7))
    for start, end, capacity in edges:
        if start != end:
            network.add_edge(start, end, capacity)
            held = graph.get_edge_data(start, end, {"capacity": 0})["capacity"]
            graph.add_edge(start, end, capacity=held + capacity)
    flow, side = network.minimum_cut()
    assert flow == networkx.minimum_cut_value(graph, SOURCE, SINK)
    cut = sum(c for a, b, c in edges if a != b and a not in side and b in side)
    assert cut == flow
    assert SINK in side
    assert SOURCE not in side


def test_of_equal_cuts_the_sink_side_is_the_smallest() -> None:
    network = FlowNetwork(4)
    for start, end in ((SOURCE, 2), (2, 3), (3, SINK)):
        network.add_edge(start, end, 5)
    assert network.minimum_cut() == (5, {SINK})


def test_a_long_chain_does_not_recurse() -> None:
    network = FlowNetwork(2)
    last = SOURCE
    for _ in range(5000):
        node = network.add_node()
        network.add_edge(last, node, 3)
        last = node
    network.add_edge(last, SINK, 2)
    assert network.minimum_cut()[0] == 2

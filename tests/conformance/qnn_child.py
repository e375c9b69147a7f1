"""Where ONNX Runtime's QNN provider puts the nodes of models; runs in an interpreter with onnxruntime-qnn.

``python qnn_child.py HTP_ARCH SOC_MODEL MODEL.onnx...`` prints one JSON object: by model the nodes by provider, or why
it did not compile. Nothing here imports Portproof.
"""

import json
import sys
from typing import Any


def placed(path: str, devices: Any, options: dict[str, str]) -> Any:
    """``{provider: [[name, type], ...]}`` of one model, or a text."""
    import onnxruntime

    asked = onnxruntime.SessionOptions()
    asked.add_session_config_entry("session.record_ep_graph_assignment_info", "1")
    asked.log_severity_level = 4
    asked.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    asked.add_provider_for_devices(devices, options)
    try:
        session = onnxruntime.InferenceSession(path, asked)
    except Exception as error:  # whatever the compiler says
        return str(error)[:300]
    found: dict[str, list[list[str]]] = {}
    for part in session.get_provider_graph_assignment_info():
        found.setdefault(part.ep_name, []).extend([node.name, node.op_type] for node in part.get_nodes())
    return found


def main() -> None:
    """Reads the arguments, prints the JSON on a line of its own."""
    import onnxruntime
    import onnxruntime_qnn

    arch, soc, *paths = sys.argv[1:]
    onnxruntime.register_execution_provider_library("QNN", onnxruntime_qnn.get_library_path())
    devices = [each for each in onnxruntime.get_ep_devices() if each.ep_name == "QNN"][:1]
    options = {
        "backend_path": onnxruntime_qnn.get_qnn_htp_path(),
        "htp_arch": arch,
        "soc_model": soc,
        "offload_graph_io_quantization": "0",
    }
    print("\n" + json.dumps({path: placed(path, devices, options) for path in paths}))


if __name__ == "__main__":
    main()

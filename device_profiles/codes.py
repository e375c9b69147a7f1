"""The catalogue of message codes: one row a code, with the exit status it leads to.

`portproof schema` prints this table; a code that is not here cannot be raised. Codes are stable: a row may be
added, never renamed or given another status.
"""

from dataclasses import dataclass

OK, GATE, USAGE, MODEL, ENVIRONMENT, DATA, INTERNAL = 0, 1, 2, 3, 4, 5, 70

EXIT_STATUS = {
    OK: "everything asked for was done and proven",
    GATE: "a gate failed (the artifacts are written)",
    USAGE: "usage: the command line, a path or the configuration is wrong",
    MODEL: "the model cannot be read or converted; every refused operator is listed",
    ENVIRONMENT: "something to install, or a broken environment",
    DATA: "the data given cannot be used",
    INTERNAL: "internal error; the message names a bundle that reproduces it",
}


@dataclass(frozen=True, kw_only=True)
class Code:
    """One row of the catalogue: `status` is the process exit status (0 for warnings)."""

    name: str
    status: int
    meaning: str


_ROWS = (
    ("E-USAGE", USAGE, "the command line is wrong"),
    ("E-FILE-MISSING", USAGE, "a file or folder that was named does not exist"),
    ("E-OUTPUT", USAGE, "the output folder cannot be written, or is full"),
    ("E-DEVICE-UNKNOWN", USAGE, "no profile has this device id"),
    ("E-CONFIG", USAGE, "a configuration or profile file is wrong"),
    ("E-GATE-PARITY", GATE, "an output differs from the reference by more than its tolerance"),
    ("E-GATE-HEALTH", GATE, "an output is all zeros, constant, NaN, infinite or saturated where the reference's is not"),
    ("E-GATE-METRIC", GATE, "a metric asked for with --metric is not met"),
    ("E-GATE-COVERAGE", GATE, "a compute unit takes less of the model than --fail-under asks for"),
    ("E-GATE-FILES", GATE, "a file of a result differs from its manifest"),
    ("E-MODEL-FORMAT", MODEL, "the file is not a model of a known format, or is damaged"),
    ("E-MODEL-INVALID", MODEL, "the model breaks the rules of its format (a cycle, an undefined value, a bad type)"),
    ("E-MODEL-UNSUPPORTED", MODEL, "the model is of a kind, version or type of its format that Portproof does not run"),
    ("E-MODEL-EXTERNAL", MODEL, "external weight data is missing, too short, or points outside the model's folder"),
    ("E-MODEL-PICKLE", MODEL, "a pickle was given as a model; unpickling runs code, so it must be asked for by name"),
    ("E-MODEL-FACTORY", MODEL, "the factory raised, or returned something that is not a model"),
    ("E-MODEL-SHAPE", MODEL, "an input has no static shape and none was declared"),
    ("E-MODEL-TYPE", MODEL, "an input or output of the model is no tensor but a sequence, an optional value or the like"),
    ("E-TORCH-EXPORT", MODEL, "torch cannot export the model to ONNX"),
    ("E-TRACE-DIFFERS", MODEL, "the exported ONNX differs from the torch model on inputs other than the traced ones"),
    ("E-SIMPLIFY-DIFFERS", INTERNAL, "the simplified ONNX differs from the model it came from"),
    ("E-OP-UNSUPPORTED", MODEL, "one or more operators cannot be written in the target format"),
    ("E-SHAPE-DYNAMIC", MODEL, "a size declared dynamic cannot stay so: each operator that is in the way is named"),
    ("E-RUN", MODEL, "the runtime refused or aborted on the model"),
    ("E-RUN-TIMEOUT", MODEL, "the runtime did not finish within the time limit"),
    ("E-INSTALL", ENVIRONMENT, "a package that this command needs is not installed"),
    ("E-ENVIRONMENT", ENVIRONMENT, "the environment is broken"),
    ("E-DATA-FORMAT", DATA, "the data cannot be read"),
    ("E-DATA-EMPTY", DATA, "the data holds no sample"),
    ("E-DATA-NAME", DATA, "the data's names are not the model's input names"),
    ("E-DATA-SHAPE", DATA, "an array has another shape than the model's input"),
    ("E-DATA-DTYPE", DATA, "an array has another type than the model's input"),
    ("E-DATA-NAN", DATA, "an array holds NaN or infinity"),
    ("E-DATA-CONSTANT", DATA, "an array holds one value only"),
    ("E-CALIB-TABLE", DATA, "a table of calibration statistics cannot be used: damaged, or of another model or data"),
    ("E-CALIB-NAN", DATA, "a value of the model becomes NaN or infinite on the calibration data"),
    ("E-CALIB-RANGE", DATA, "calibration data is not of the range that the declared preprocessing gives"),
    ("E-CALIB-RECIPE", USAGE, "no recipe of quantization has this name"),
    ("E-CALIB-NOTHING", MODEL, "nothing of the model can be quantized for the unit chosen"),
    ("E-CALIB-QUANTIZED", MODEL, "the model is quantized already"),
    ("E-LABELS", DATA, "the labels given are not readable, or not as many as the output has classes"),
    ("E-INTERNAL", INTERNAL, "a defect of Portproof"),
    ("W-RANDOM-DATA", OK, "no data was given: parity was measured on seeded random inputs"),
    ("W-REFERENCE", OK, "an output of the source itself is constant, zero or no number: agreeing with it says little"),
    ("W-SIMPLIFY-SKIPPED", OK, "the simplifier crashed, refused or ran out of its limits; the unsimplified graph is used"),
    ("W-SIMPLIFY-UNPROVEN", OK, "nothing can run the source model to compare with: it is converted without simplification"),
    ("W-FLOAT64", OK, "TFLite has no float64 arithmetic: what the model computes in it is computed in float32"),
    ("W-SILENT-ZERO", OK, "an output is all zeros"),
    ("W-CONSTANT", OK, "an output does not depend on the input"),
    ("W-NAN", OK, "an output holds NaN or infinity"),
    ("W-SATURATED", OK, "a large part of an output sits at the end of its range"),
    ("W-CALIB-FEW", OK, "there are fewer calibration samples than ranges and corrections need"),
    ("W-CALIB-CONSTANT", OK, "a value of the model is the same on all calibration data"),
    ("W-CALIB-SATURATED", OK, "a part of a layer's values lies outside the range it is stored in"),
    ("W-CALIB-SHARED-RANGE", OK, "values of very different ranges are joined in one tensor, and share one scale"),
    ("W-CALIB-FLOAT", OK, "operators stay float in a quantized model, each with its reason"),
    ("W-CALIB-KERNELS", OK, "a runtime computes another form of a quantized model than its file says, less exactly"),
    ("W-CALIB-ACCURACY", OK, "an output of the quantized model is far from the float model's"),
    ("W-METRIC-FEW", OK, "the user's metric looks at few inputs"),
    ("W-METRIC-CALIBRATION", OK, "the user's metric looks at inputs that the model is calibrated on"),
    ("W-INT8-STEPS", OK, "integer kernels of a TFLite file give other integers than the QDQ model that it was made of"),
    ("W-INT8-SLOWER", OK, "the quantized file is slower than the float file on the unit that it was placed for"),
    ("W-NOISY", OK, "the machine is too noisy for the difference measured"),
    ("W-SIZE-UNPROVEN", OK, "the data given does not reach an end of the range of a dynamic dimension"),
    ("W-SIZE-REFUSED", OK, "the source does not run at a size of a dimension without a range: nothing is proven there"),
    ("W-SHARED-INPUT", OK, "two example inputs were one tensor object; they were separated before tracing"),
    ("W-FLOAT16", OK, "a float16 Core ML package is further from the source than it should be"),
    ("W-CHECK-UNKNOWN", OK, "nothing is known of what a compute unit of a device takes"),
    ("W-CHECK-INT8", OK, "the quantized form that was judged has made-up ranges"),
    ("W-DEVICE-INTEGERS", OK, "inputs and outputs of a quantized file are integers, because a device reads nothing else"),
    ("W-DEVICE-PRECISION", OK, "a device's accelerator computes in another precision than what is written"),
    ("W-METADATA", OK, "what a format says of its model cannot say, or its readers cannot use, something declared"),
    ("W-IMAGE-PIXELS", OK, "samples of an image input are not made of pixels: the nearest pixels were used"),
    ("W-STATE", OK, "an interrupted run had left a temporary folder; it was removed"),
)  # fmt: skip

CODES = {name: Code(name=name, status=status, meaning=meaning) for name, status, meaning in _ROWS}

"""TensorFlow Lite's conversion to int8 in three steps from file to file, so that none holds what another needed.

``tf.lite.TFLiteConverter`` does the same in one call and keeps every form of the network until its end. The steps are
its own, with its flags; a test compares the results.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from flow.frontend.calibrate import Calibration, InputSpec
from flow.oracle.schema import schema

#: files of the steps
GRAPH, ENDS, FLOAT, INT8 = "graph.pb", "ends.json", "float.tflite", "model.tflite"

#: how often the quantiser is asked where its answer varies
ATTEMPTS = 20


def freeze(model: Any, inputs: Sequence[InputSpec], folder: Path) -> None:
    """The Keras model for a batch of one, its variables as constants -> GRAPH, ENDS.

    The graph is made with empty constants; the variables' values go into the file one by one.
    """
    import keras
    import tensorflow as tf
    from tensorflow.core.framework.graph_pb2 import GraphDef
    from tensorflow.python.framework import convert_to_constants

    structure = getattr(model, "_inputs_struct", model.inputs[0])  # a dictionary, list or one tensor

    @tf.function(input_signature=[tf.TensorSpec((1, *spec.shape), tf.float32, name=spec.name) for spec in inputs])
    def one_image(*tensors: Any) -> Any:
        given = keras.tree.pack_sequence_as(structure, tensors)
        return keras.tree.flatten(model(given, training=False))

    class Empty(convert_to_constants._FunctionConverterDataInEager):
        def _eval(self, tensor: Any) -> np.ndarray:
            passed_on = len(self.graph_def.library.function) > 0  # functions of control flow note their inputs' shapes
            return np.broadcast_to(np.zeros((), tensor.dtype.as_numpy_dtype), tensor.shape if passed_on else 0)

    function = one_image.get_concrete_function()
    empty = Empty(func=function, lower_control_flow=False, aggressive_inlining=False)
    graph, _ = convert_to_constants._replace_variables_by_constants(empty)
    values = {name: value for name, value in _captured(function).items() if name in empty.tensor_data}
    rest = GraphDef(versions=graph.versions, library=graph.library).SerializeToString()
    with open(folder / GRAPH, "wb") as file:  # messages one after the other are one message
        for node in graph.node:
            if node.name in values:
                value = values.pop(node.name).numpy()
                node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(value, value.dtype, value.shape))
            file.write(GraphDef(node=[node]).SerializeToString())
            node.Clear()  # its value
        file.write(rest)
    assert not values, f"no place for {', '.join(values)}"
    fed = [tensor for tensor in function.inputs if tensor.name.partition(":")[0] not in empty.tensor_data]
    ends = {
        "inputs": [[_name(tensor), list(tensor.shape)] for tensor in fed if tensor.dtype == tf.float32],
        "outputs": [_name(tensor) for tensor in function.outputs],
    }
    (folder / ENDS).write_text(json.dumps(ends))


def _captured(function: Any) -> dict[str, Any]:
    """Variables and tensors that a function reads from outside, by the name of the node that stands for them."""
    variables = {id(variable.handle): variable for variable in function.graph.variables}
    return {
        place.name.partition(":")[0]: variables.get(id(value), value) for value, place in function.graph.captures
    }


def _name(tensor: Any) -> str:
    """As the converter names it: the operation, and which of its outputs but for the first."""
    return str(tensor.name).removesuffix(":0")


def to_float(folder: Path) -> None:
    """GRAPH, ENDS -> FLOAT, the flatbuffer that is to be quantised. Raises whatever the converter raises."""
    import tensorflow as tf
    from tensorflow.lite.python import convert

    ends = json.loads((folder / ENDS).read_text())
    options = tf.lite.TFLiteConverter([])
    options.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    flags = options._get_base_converter_args() | {
        "inference_type": tf.int8,
        "inference_input_type": tf.float32,
        "post_training_quantize": False,
        "quantize_to_float16": False,
        "disable_infer_tensor_range": False,
        "use_fake_quant_num_bits": False,
        "enable_mlir_variable_quantization": False,
    }
    model_flags = convert.build_model_flags(**flags)
    for name, shape in ends["inputs"]:
        array = model_flags.input_arrays.add()
        array.name = name
        array.data_type = convert.convert_tensor_tf_type_to_tflite_type(tf.float32)
        array.shape.dims.extend(shape)
        array.shape.unknown_rank = False
    model_flags.output_arrays.extend(ends["outputs"])
    flat = convert.convert(model_flags, convert.build_conversion_flags(**flags), (folder / GRAPH).read_bytes())
    (folder / FLOAT).write_bytes(flat)


def to_int8(calibration: Calibration, folder: Path) -> None:
    """FLOAT -> INT8, with the ranges of the samples. Raises whatever the converter raises."""
    from tensorflow.lite.python import convert
    from tensorflow.lite.python.optimize import calibrator

    def samples() -> Iterator[list[Any]]:
        for sample in calibration.samples:
            yield list(sample)

    extended = calibrator.add_intermediate_tensors((folder / FLOAT).read_bytes())
    ranged = calibrator.Calibrator(extended).calibrate(samples)
    del extended
    quantised = _quantised(ranged)
    del ranged
    (folder / INT8).write_bytes(convert.deduplicate_readonly_buffers(quantised))


def _quantised(ranged: bytes) -> bytes:
    """TensorFlow's quantiser may leave an operation with a result that nobody reads in float, as it happens; then it is
    asked again."""
    import tensorflow as tf
    from tensorflow.lite.python import convert

    for _ in range(ATTEMPTS if _has_unread_result(ranged) else 1):
        quantised: bytes = convert.mlir_quantize(ranged, input_data_type=tf.int8, output_data_type=tf.int8)
        if not _has_floats(quantised):
            break
    return quantised


def _has_unread_result(flatbuffer: bytes) -> bool:
    graph = schema().Model.GetRootAs(flatbuffer).Subgraphs(0)
    ops = [graph.Operators(index) for index in range(graph.OperatorsLength())]
    read = {op.Inputs(index) for op in ops for index in range(op.InputsLength())}
    read |= {graph.Outputs(index) for index in range(graph.OutputsLength())}
    return any(op.Outputs(index) not in read for op in ops for index in range(op.OutputsLength()))


def _has_floats(flatbuffer: bytes) -> bool:
    model = schema().Model.GetRootAs(flatbuffer)
    codes = [model.OperatorCodes(index).BuiltinCode() for index in range(model.OperatorCodesLength())]
    return schema().BuiltinOperator.DEQUANTIZE in codes

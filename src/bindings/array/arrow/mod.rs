//! Arrays that come by the Arrow PyCapsule interface: values where they lie, validity as a mask.
//!
//! The structures are those of the Arrow C data interface, its pages "The Arrow C data interface" and "C stream
//! interface". Taken are bool, integers and floats, fixed-size lists of them (a further axis), and at the top a struct
//! of them (a table, its fields as columns). Anything else is refused by its name. Strings are read one by one, by
//! [`texts`].
//!
//! What comes from strangers is looked at before it is used: which structures are there, lengths, offsets, null
//! pointers, and that sizes fit. How long a buffer is, the interface does not say: that it holds as many elements as
//! the array is long is the producer's word, as it is for NumPy with `__array_interface__`. The memory of one array
//! is not copied: NumPy reads it where it lies, and it is released with the last array that looks at it. Chunks are
//! put together.

use numpy::{PyUntypedArray, PyUntypedArrayMethods};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use super::modules::numpy;
use super::taken::Taken;
use crate::bindings::argument::Arg;
use crate::bindings::display::kind_of;

mod reader;
mod structures;
mod texts;

use reader::Reader;
use structures::{ArrowArray, ArrowArrayStream, ArrowSchema, Owned, Structure, moved};

/// Takes a text; a null is `None`.
pub type EachText<'a> = &'a mut dyn FnMut(Option<&[u8]>) -> PyResult<()>;

/// What an object hands out by `__arrow_c_array__`, or by `__arrow_c_stream__`.
pub fn take<'py>(arg: Arg, object: &Bound<'py, PyAny>, is_array: bool) -> PyResult<Taken<'py>> {
    Chunks::open(arg, object, is_array)?.numbers(Reader { py: object.py(), arg, with_times: false })
}

/// Calls `each` with every text that an object hands out, but for the nulls of an array of nothing else. That the
/// texts are UTF-8 is the producer's word alone. What are no texts is an error.
pub fn texts(arg: Arg, object: &Bound<'_, PyAny>, is_array: bool, each: EachText<'_>) -> PyResult<()> {
    Chunks::open(arg, object, is_array)?.texts(object.py(), each)
}

/// As [`texts`], and `None` then; as [`take`] for what are no texts, dates and durations among them. The object is
/// asked once: a stream may be there for one reader only.
pub fn take_or_texts<'py>(
    arg: Arg,
    object: &Bound<'py, PyAny>,
    is_array: bool,
    each: EachText<'_>,
) -> PyResult<Option<Taken<'py>>> {
    let py = object.py();
    let source = Chunks::open(arg, object, is_array)?;
    let reader = Reader { py, arg, with_times: true };
    let dtype = match reader.format(source.schema.0.of_values())? {
        "u" | "U" | "vu" => return source.texts(py, each).map(|()| None),
        format => reader::dtype_of_times(format),
    };
    let Taken { mut array, valid } = source.numbers(reader)?;
    if let Some(dtype) = dtype {
        array = array.call_method1(intern!(py, "astype"), (dtype,))?.cast_into()?;
    }
    Ok(Some(Taken { array, valid }))
}

/// The arrays that an object hands out, one after the other.
struct Chunks {
    arg: Arg,
    schema: Owned<ArrowSchema>,
    stream: Option<Owned<ArrowArrayStream>>,
    /// The only one, where there is no stream.
    array: Option<Owned<ArrowArray>>,
}

impl Chunks {
    fn open(arg: Arg, object: &Bound<'_, PyAny>, is_array: bool) -> PyResult<Self> {
        let py = object.py();
        if is_array {
            let pair = object.call_method0(intern!(py, "__arrow_c_array__"))?;
            let Ok((schema, array)) = pair.extract::<(Bound<'_, PyAny>, Bound<'_, PyAny>)>() else {
                return Err(arg.type_error(
                    format_args!("a {} by __arrow_c_array__", kind_of(&pair)),
                    "a pair of capsules",
                ));
            };
            let schema = moved(arg, &schema)?;
            return Ok(Chunks { arg, schema, stream: None, array: Some(moved(arg, &array)?) });
        }
        let mut stream =
            moved::<ArrowArrayStream>(arg, &object.call_method0(intern!(py, "__arrow_c_stream__"))?)?;
        let mut schema = Owned(ArrowSchema::EMPTY);
        stream.fill(arg, |stream| stream.get_schema, &mut schema)?;
        Ok(Chunks { arg, schema, stream: Some(stream), array: None })
    }

    fn next(&mut self, py: Python<'_>) -> PyResult<Option<Owned<ArrowArray>>> {
        let Some(stream) = &mut self.stream else { return Ok(self.array.take()) };
        py.check_signals()?;
        let mut chunk = Owned(ArrowArray::EMPTY);
        stream.fill(self.arg, |stream| stream.get_next, &mut chunk)?;
        Ok(chunk.0.release.is_some().then_some(chunk))
    }

    fn numbers(mut self, reader: Reader<'_>) -> PyResult<Taken<'_>> {
        let py = reader.py;
        let mut chunks = Vec::new();
        let mut rows = 0;
        while let Some(chunk) = self.next(py)? {
            // Pieces without elements only cost time, but one says the shape and the dtype.
            let length = chunk.0.length;
            if length != 0 || chunks.is_empty() {
                let taken = reader.column_or_table(&self.schema.0, chunk)?;
                if rows == 0 {
                    chunks.clear();
                }
                chunks.push(taken);
                rows |= length;
            }
        }
        match chunks.len() {
            0 => reader.nothing(&self.schema.0),
            1 => Ok(chunks.remove(0)),
            _ => one_after_the_other(py, &chunks),
        }
    }

    fn texts(mut self, py: Python<'_>, each: EachText<'_>) -> PyResult<()> {
        let reader = Reader { py, arg: self.arg, with_times: false };
        while let Some(chunk) = self.next(py)? {
            reader.texts(&self.schema.0, &chunk.0, each)?;
        }
        Ok(())
    }
}

/// The chunks of one array.
fn one_after_the_other<'py>(py: Python<'py>, chunks: &[Taken<'py>]) -> PyResult<Taken<'py>> {
    let join = |parts: Vec<Bound<'py, PyAny>>| {
        Ok::<_, PyErr>(numpy(py, "concatenate")?.call1((parts,))?.cast_into::<PyUntypedArray>()?)
    };
    let array = join(chunks.iter().map(|chunk| chunk.array.clone().into_any()).collect())?;
    if chunks.iter().all(|chunk| chunk.valid.is_none()) {
        return Ok(array.into());
    }
    let valid = |chunk: &Taken<'py>| match &chunk.valid {
        Some(valid) => Ok(valid.clone().into_any()),
        None => numpy(py, "ones")?.call1((PyTuple::new(py, chunk.array.shape())?, "bool")),
    };
    Ok(Taken { array, valid: Some(join(chunks.iter().map(valid).collect::<PyResult<_>>()?)?) })
}

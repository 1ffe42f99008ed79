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
#![allow(unsafe_code)]

use std::ffi::{CStr, c_char, c_int, c_void};
use std::marker::PhantomData;
use std::ptr::null_mut;
use std::sync::Arc;

use numpy::{PyUntypedArray, PyUntypedArrayMethods};
use pyo3::exceptions::PyRuntimeError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyCapsuleMethods, PyDict, PyTuple};

use super::modules::numpy;
use super::output::Output;
use super::taken::{Taken, side_by_side};
use crate::bindings::argument::Arg;
use crate::bindings::display::kind_of;
use crate::dtype::{Bool, DType};

/// Lists in lists that are taken, each a further axis: no more than an array may have.
const DEPTH: usize = 60;

/// A function that gives back what a structure holds.
// SAFETY: called by `Owned` alone, once, with a structure that nobody else has.
type Release<T> = unsafe extern "C" fn(*mut T);

/// A function of a stream that fills a structure.
// SAFETY: called with a stream that lives, on one thread.
type Fill<T> = unsafe extern "C" fn(*mut ArrowArrayStream, *mut T) -> c_int;

/// A function of a stream that says what was wrong.
// SAFETY: as above; the text that it gives is copied at once.
type Reason = unsafe extern "C" fn(*mut ArrowArrayStream) -> *const c_char;

#[repr(C)]
struct ArrowSchema {
    format: *const c_char,
    name: *const c_char,
    metadata: *const c_char,
    flags: i64,
    n_children: i64,
    children: *mut *mut ArrowSchema,
    dictionary: *mut ArrowSchema,
    release: Option<Release<ArrowSchema>>,
    private_data: *mut c_void,
}

#[repr(C)]
struct ArrowArray {
    length: i64,
    null_count: i64,
    offset: i64,
    n_buffers: i64,
    n_children: i64,
    buffers: *mut *const c_void,
    children: *mut *mut ArrowArray,
    dictionary: *mut ArrowArray,
    release: Option<Release<ArrowArray>>,
    private_data: *mut c_void,
}

#[repr(C)]
struct ArrowArrayStream {
    get_schema: Option<Fill<ArrowSchema>>,
    get_next: Option<Fill<ArrowArray>>,
    get_last_error: Option<Reason>,
    release: Option<Release<ArrowArrayStream>>,
    private_data: *mut c_void,
}

/// A structure of the interface, which is released once, by whoever has it.
trait Structure: Sized {
    /// The name of its capsules.
    const NAME: &'static CStr;
    /// One that holds nothing, to be filled.
    const EMPTY: Self;

    fn release(&mut self) -> &mut Option<Release<Self>>;
}

// A macro, as the fields have one name in three types that C lays out.
macro_rules! structure {
    ($type:ident, $name:literal, { $($field:ident: $empty:expr),* }) => {
        impl Structure for $type {
            const NAME: &'static CStr = $name;
            const EMPTY: Self = $type { $($field: $empty,)* release: None, private_data: null_mut() };

            fn release(&mut self) -> &mut Option<Release<Self>> {
                &mut self.release
            }
        }
    };
}

structure!(ArrowSchema, c"arrow_schema", {
    format: null_mut(), name: null_mut(), metadata: null_mut(), flags: 0, n_children: 0, children: null_mut(),
    dictionary: null_mut()
});
structure!(ArrowArray, c"arrow_array", {
    length: 0, null_count: 0, offset: 0, n_buffers: 0, n_children: 0, buffers: null_mut(), children: null_mut(),
    dictionary: null_mut()
});
structure!(ArrowArrayStream, c"arrow_array_stream", {
    get_schema: None, get_next: None, get_last_error: None
});

/// A structure that is ours to release.
struct Owned<T: Structure>(T);

impl<T: Structure> Drop for Owned<T> {
    fn drop(&mut self) {
        if let Some(release) = self.0.release().take() {
            // The function finds out by it whether it has been called.
            *self.0.release() = Some(release);
            // SAFETY: the structure was moved here, out of a capsule or from a stream, whose producer gave it this
            // function to release it with. Nobody else has it; the field is emptied below whatever the function does.
            unsafe { release(&raw mut self.0) };
            *self.0.release() = None;
        }
    }
}

// SAFETY: what is read of an array does not change until it is released, which the interface allows on any thread.
unsafe impl Send for Owned<ArrowArray> {}
// SAFETY: as above; nothing changes it through a shared reference.
unsafe impl Sync for Owned<ArrowArray> {}

/// Moves a structure out of a capsule, which is told so by the missing release function.
fn moved<T: Structure>(arg: Arg, capsule: &Bound<'_, PyAny>) -> PyResult<Owned<T>> {
    let name = T::NAME.to_string_lossy();
    let Ok(capsule) = capsule.cast::<PyCapsule>() else {
        return Err(arg.type_error(
            format_args!("Arrow data in a {}", kind_of(capsule)),
            format_args!("a PyCapsule of the name {name}"),
        ));
    };
    let pointer = capsule.pointer_checked(Some(T::NAME)).map_err(|error| {
        arg.type_error(
            format_args!("Arrow data in another capsule ({error})"),
            format_args!("one of the name {name}"),
        )
    })?;
    let source = pointer.cast::<T>();
    if !source.is_aligned() {
        return Err(arg.value_error("Arrow data that are not aligned", format_args!("an {name}")));
    }
    // SAFETY: a capsule of this name holds such a structure (the Arrow PyCapsule interface), which lives as long as
    // the capsule, and nothing else runs meanwhile. It is read whole, and its owner is told that it was moved.
    let structure = unsafe {
        let source = &mut *source.as_ptr();
        if source.release().is_none() {
            return Err(
                arg.value_error("Arrow data that were released", format_args!("an {name} that lives"))
            );
        }
        let structure = std::ptr::read(source);
        *source.release() = None;
        structure
    };
    Ok(Owned(structure))
}

/// What an object hands out by `__arrow_c_array__`, or by `__arrow_c_stream__`.
pub fn take<'py>(arg: Arg, object: &Bound<'py, PyAny>, is_array: bool) -> PyResult<Taken<'py>> {
    let py = object.py();
    let mut source = Chunks::open(arg, object, is_array)?;
    let mut chunks = Vec::new();
    while let Some(chunk) = source.next(py)? {
        // Pieces without elements only cost time, but one says the shape and the dtype.
        if chunk.0.length != 0 || chunks.is_empty() {
            let is_first_empty = matches!(&chunks[..], [Taken { array, .. }] if array.is_empty());
            let taken = Reader { py, arg }.column_or_table(&source.schema.0, chunk)?;
            if is_first_empty {
                chunks.clear();
            }
            chunks.push(taken);
        }
    }
    match chunks.len() {
        0 => Reader { py, arg }.nothing(&source.schema.0),
        1 => Ok(chunks.remove(0)),
        _ => one_after_the_other(py, &chunks),
    }
}

/// Calls `each` with every text that an object hands out by `__arrow_c_array__`, or by `__arrow_c_stream__`; a null
/// is `None`. That the texts are UTF-8 is the producer's word alone. What are no texts is an error if they are
/// `needed`, and else false.
pub fn texts(
    arg: Arg,
    object: &Bound<'_, PyAny>,
    is_array: bool,
    needed: bool,
    each: &mut dyn FnMut(Option<&[u8]>) -> PyResult<()>,
) -> PyResult<bool> {
    let py = object.py();
    let mut source = Chunks::open(arg, object, is_array)?;
    let reader = Reader { py, arg };
    // SAFETY: the schema of a dictionary lives as long as its parent.
    let values = unsafe { source.schema.0.dictionary.as_ref() }.unwrap_or(&source.schema.0);
    if !needed && !matches!(reader.format(values)?, "u" | "U" | "vu") {
        return Ok(false);
    }
    while let Some(chunk) = source.next(py)? {
        reader.texts(&source.schema.0, &chunk.0, each)?;
    }
    Ok(true)
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
}

impl Owned<ArrowArrayStream> {
    /// Calls a function of the stream that fills a structure.
    fn fill<T: Structure>(
        &mut self,
        arg: Arg,
        function: impl FnOnce(&ArrowArrayStream) -> Option<Fill<T>>,
        into: &mut Owned<T>,
    ) -> PyResult<()> {
        let Some(function) = function(&self.0) else {
            return Err(
                arg.value_error("an Arrow stream without a function", "one as of the C stream interface")
            );
        };
        // SAFETY: the stream has not been released, its functions take it and a structure to fill; that they are
        // not called from two threads at once, `&mut` sees to.
        let code = unsafe { function(&raw mut self.0, &raw mut into.0) };
        if code == 0 {
            return Ok(());
        }
        // What a failed call has left is not ours.
        *into.0.release() = None;
        let text = self.0.get_last_error.and_then(|get_last_error| {
            // SAFETY: as above; the text, if there is one, lives until the next call.
            unsafe {
                let text = get_last_error(&raw mut self.0);
                (!text.is_null()).then(|| CStr::from_ptr(text).to_string_lossy().into_owned())
            }
        });
        let text = text.unwrap_or_else(|| "no reason given".to_owned());
        let Arg { function, .. } = arg;
        Err(PyRuntimeError::new_err(format!("{function}: the Arrow stream failed with code {code}: {text}")))
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

/// Elements from `start` on, `len` of them, of an array and of what is in it.
#[derive(Clone, Copy)]
struct Range {
    start: usize,
    len: usize,
}

/// Reads the arrays of one argument.
#[derive(Clone, Copy)]
struct Reader<'py> {
    py: Python<'py>,
    arg: Arg,
}

impl<'py> Reader<'py> {
    /// A whole array: a column, or a table whose columns lie side by side.
    fn column_or_table(self, schema: &ArrowSchema, array: Owned<ArrowArray>) -> PyResult<Taken<'py>> {
        let owner = Arc::new(array);
        let array = &owner.0;
        let whole = self.range(array, Range { start: 0, len: self.size(array.length, "length")? })?;
        if self.format(schema)? != "+s" {
            return self.column(schema, array, whole, &owner, 0);
        }
        let fields = self.children(schema.n_children, schema.children)?;
        let columns = self.children(array.n_children, array.children)?;
        if fields.len() != columns.len() {
            return Err(self.malformed("a struct whose schema has other fields"));
        }
        let column = |(field, column)| {
            let mut column = self.column(field, column, self.range(column, whole)?, &owner, 0)?;
            let rows = self.valid(array, whole, 1)?;
            if let Some(rows) = rows {
                column.valid = Some(self.both(rows, column.valid.take())?);
            }
            Ok(column)
        };
        let columns = fields.into_iter().zip(columns).map(column).collect::<PyResult<Vec<_>>>()?;
        side_by_side(self.arg, self.py, columns)
    }

    /// The array of a stream that has no chunk.
    fn nothing(self, schema: &ArrowSchema) -> PyResult<Taken<'py>> {
        let dtype = |format: &str| Ok::<_, PyErr>(self.number(format)?.map_or("float64", DType::name));
        let zeros = |shape: Bound<'py, PyTuple>, dtype: &str| numpy(self.py, "zeros")?.call1((shape, dtype));
        let format = self.format(schema)?;
        let array = match format {
            "+s" => {
                let fields = self.children(schema.n_children, schema.children)?;
                for field in &fields {
                    self.number(self.format(field)?)?;
                }
                zeros(PyTuple::new(self.py, [0, fields.len()])?, "float64")?
            }
            "n" => zeros(PyTuple::new(self.py, [0])?, "float64")?,
            _ => zeros(PyTuple::new(self.py, [0])?, dtype(format)?)?,
        };
        Ok(array.cast_into::<PyUntypedArray>()?.into())
    }

    /// The elements of an array in a range, counted from the start of its memory.
    fn column(
        self,
        schema: &ArrowSchema,
        array: &ArrowArray,
        range: Range,
        owner: &Arc<Owned<ArrowArray>>,
        depth: usize,
    ) -> PyResult<Taken<'py>> {
        let format = self.format(schema)?;
        if !schema.dictionary.is_null() || !array.dictionary.is_null() {
            return Err(self.unsupported("dictionary-encoded"));
        }
        if let Some(width) = format.strip_prefix("+w:") {
            return self.lists(width, schema, array, range, owner, depth);
        }
        if format == "n" {
            let nans = numpy(self.py, "full")?.call1((range.len, f64::NAN))?.cast_into()?;
            let valid = numpy(self.py, "zeros")?.call1((range.len, "bool"))?.cast_into()?;
            return Ok(Taken { array: nans, valid: (range.len > 0).then_some(valid) });
        }
        let Some(dtype) = self.number(format)? else { return Err(self.unsupported(named(format))) };
        if array.n_children != 0 || array.n_buffers != 2 {
            return Err(self.malformed("an array of numbers with other than two buffers, or with children"));
        }
        let values = self.buffer(array, 1)?.cast::<u8>();
        let array_of_values = if range.len == 0 {
            numpy(self.py, "zeros")?.call1((0, dtype.name()))?.cast_into()?
        } else if values.is_null() {
            return Err(self.malformed("an array without its values"));
        } else if dtype == DType::Bool {
            // SAFETY: as for `bits`: the buffer holds a bit for each element up to the end of the range.
            unsafe { self.bits(values, range, 1)?.0 }
        } else {
            let bytes = range.len.checked_mul(dtype.size()).filter(|&bytes| isize::try_from(bytes).is_ok());
            let start = range.start.checked_mul(dtype.size()).filter(|&start| isize::try_from(start).is_ok());
            let (Some(_), Some(start)) = (bytes, start) else {
                return Err(self.malformed("an array larger than memory can be"));
            };
            let address = (values as usize).checked_add(start);
            let Some(address) = address else { return Err(self.malformed("an address past the last one")) };
            let memory = ArrowMemory { _owner: Arc::clone(owner), address, len: range.len, dtype };
            numpy(self.py, "asarray")?.call1((memory,))?.cast_into()?
        };
        Ok(Taken { array: array_of_values, valid: self.valid(array, range, 1)? })
    }

    /// Calls `each` with the texts of an array, and with `None` for a null.
    fn texts(
        self,
        schema: &ArrowSchema,
        array: &ArrowArray,
        each: &mut dyn FnMut(Option<&[u8]>) -> PyResult<()>,
    ) -> PyResult<()> {
        let len = self.size(array.length, "length")?;
        let range = self.range(array, Range { start: 0, len })?;
        let format = self.format(schema)?;
        if format == "n" || len == 0 {
            return (0..len).try_for_each(|_| each(None));
        }
        let is_valid = self.validity(array)?;
        // SAFETY: a schema and an array of values live as long as those whose dictionary they are.
        let dictionary = unsafe { (schema.dictionary.as_ref(), array.dictionary.as_ref()) };
        let (of_schema, values) = match dictionary {
            (Some(schema), Some(values)) => (schema, values),
            (None, None) => {
                let texts = self.strings(schema, array)?;
                for index in range.start..range.start + range.len {
                    each(if is_valid(index) { Some(texts.get(self, index)?) } else { None })?;
                }
                return Ok(());
            }
            _ => return Err(self.malformed("a dictionary without its schema or its values")),
        };
        let count = self.size(values.length, "length")?;
        let all = self.range(values, Range { start: 0, len: count })?;
        let is_valid_value = self.validity(values)?;
        let texts = self.strings(of_schema, values)?;
        if array.n_buffers != 2 {
            return Err(self.malformed("indices with other than two buffers"));
        }
        let indices = self.buffer(array, 1)?.cast::<u8>();
        if indices.is_null() {
            return Err(self.malformed("an array without its values"));
        }
        let size = match format {
            "c" | "C" => 1,
            "s" | "S" => 2,
            "i" | "I" => 4,
            "l" | "L" => 8,
            _ => return Err(self.malformed("a dictionary whose indices are no integers")),
        };
        for index in range.start..range.start + range.len {
            if !is_valid(index) {
                each(None)?;
                continue;
            }
            let mut bytes = [0; 8];
            // SAFETY: the buffer holds an index of this size for each element up to the end of the range.
            unsafe { std::ptr::copy_nonoverlapping(indices.add(index * size), bytes.as_mut_ptr(), size) };
            // A negative index is larger than any length, and so is refused as well.
            let place = u64::from_le_bytes(if cfg!(target_endian = "little") {
                bytes
            } else {
                bytes[..size].reverse();
                bytes
            });
            let place = usize::try_from(place).ok().filter(|&place| place < count);
            let Some(place) = place else { return Err(self.malformed("an index beyond its dictionary")) };
            let place = all.start + place;
            each(if is_valid_value(place) { Some(texts.get(self, place)?) } else { None })?;
        }
        Ok(())
    }

    /// Tells of each element of an array, counted from the start of its memory, whether it is no null.
    fn validity<'a>(self, array: &'a ArrowArray) -> PyResult<impl Fn(usize) -> bool + 'a> {
        let bits = match array.null_count {
            0 => std::ptr::null(),
            _ if array.n_buffers < 1 => std::ptr::null(),
            _ => self.buffer(array, 0)?.cast::<u8>(),
        };
        if bits.is_null() && array.null_count > 0 {
            return Err(self.malformed("nulls without a validity buffer"));
        }
        // SAFETY: the buffer holds a bit for each element of the array, and callers ask for no other.
        Ok(move |index: usize| bits.is_null() || unsafe { *bits.add(index / 8) } >> (index % 8) & 1 == 1)
    }

    /// The texts of an array.
    fn strings<'a>(self, schema: &ArrowSchema, array: &'a ArrowArray) -> PyResult<Strings<'a>> {
        let format = self.format(schema)?;
        let is_wide = match format {
            "u" => false,
            "U" => true,
            "vu" => return self.views(array),
            _ => {
                return Err(self.arg.type_error(
                    format_args!("Arrow data of the type {}", named(format)),
                    "one column of strings, of any kind",
                ));
            }
        };
        if array.n_buffers != 3 {
            return Err(self.malformed("an array of strings with other than three buffers"));
        }
        let offsets = self.buffer(array, 1)?.cast::<u8>();
        if offsets.is_null() {
            return Err(self.malformed("strings without their offsets"));
        }
        Ok(Strings::Offsets { offsets, is_wide, data: self.buffer(array, 2)?.cast(), owner: PhantomData })
    }

    fn views<'a>(self, array: &'a ArrowArray) -> PyResult<Strings<'a>> {
        let count = self.size(array.n_buffers, "number of buffers")?;
        if count < 3 {
            return Err(self.malformed("string views with fewer than three buffers"));
        }
        let views = self.buffer(array, 1)?.cast::<u8>();
        let lengths = self.buffer(array, count - 1)?.cast::<i64>();
        if views.is_null() || (lengths.is_null() && count > 3) {
            return Err(self.malformed("string views without their buffers"));
        }
        let mut buffers = Vec::new();
        for index in 0..count - 3 {
            // SAFETY: the last buffer holds the lengths of those between it and the views.
            let len = self.size(unsafe { lengths.add(index).read_unaligned() }, "length of a buffer")?;
            let data = self.buffer(array, index + 2)?.cast::<u8>();
            if (data.is_null() && len > 0) || isize::try_from(len).is_err() {
                return Err(self.malformed("string views without their data"));
            }
            buffers.push((data, len));
        }
        Ok(Strings::Views { views, buffers, owner: PhantomData })
    }

    /// Lists of one length: one more axis.
    fn lists(
        self,
        width: &str,
        schema: &ArrowSchema,
        array: &ArrowArray,
        range: Range,
        owner: &Arc<Owned<ArrowArray>>,
        depth: usize,
    ) -> PyResult<Taken<'py>> {
        let Ok(width) = width.parse::<u32>() else { return Err(self.malformed("lists of no length")) };
        let width = width as usize;
        let fields = self.children(schema.n_children, schema.children)?;
        let items = self.children(array.n_children, array.children)?;
        let ([field], [items]) = (&fields[..], &items[..]) else {
            return Err(self.malformed("lists with other than one child"));
        };
        if depth == DEPTH {
            return Err(self.unsupported("lists in too many lists"));
        }
        let scaled =
            |value: usize| value.checked_mul(width).ok_or_else(|| self.malformed("lists larger than memory"));
        let inner = self.range(items, Range { start: scaled(range.start)?, len: scaled(range.len)? })?;
        let mut taken = self.column(field, items, inner, owner, depth + 1)?;
        let mut shape = vec![range.len, width];
        shape.extend_from_slice(&taken.array.shape()[1..]);
        let of_list: usize = shape[1..].iter().product();
        if let Some(rows) = self.valid(array, range, of_list)? {
            let rows = match taken.valid.is_some() {
                true => rows
                    .call_method1(
                        intern!(self.py, "reshape"),
                        (PyTuple::new(self.py, taken.array.shape())?,),
                    )?
                    .cast_into()?,
                false => rows,
            };
            taken.valid = Some(self.both(rows, taken.valid.take())?);
        }
        let reshaped = |flat: Bound<'py, PyUntypedArray>| {
            let shape = PyTuple::new(self.py, &shape)?;
            Ok::<_, PyErr>(flat.call_method1(intern!(self.py, "reshape"), (shape,))?.cast_into()?)
        };
        Ok(Taken { array: reshaped(taken.array)?, valid: taken.valid.map(reshaped).transpose()? })
    }

    /// Where the elements of a range are no nulls, each repeated; `None` if there are no nulls.
    fn valid(
        self,
        array: &ArrowArray,
        range: Range,
        times: usize,
    ) -> PyResult<Option<Bound<'py, PyUntypedArray>>> {
        if array.null_count == 0 || array.n_buffers < 1 || range.len == 0 {
            return Ok(None);
        }
        let bits = self.buffer(array, 0)?.cast::<u8>();
        if bits.is_null() {
            return match array.null_count {
                -1 => Ok(None),
                _ => Err(self.malformed("nulls without a validity buffer")),
            };
        }
        // SAFETY: the validity buffer holds a bit for each element of the array up to the end of the range.
        let (valid, all) = unsafe { self.bits(bits, range, times)? };
        Ok((!all).then_some(valid))
    }

    /// Bits as an array of bool, each repeated, and whether all are set.
    ///
    /// # Safety
    /// There are as many bits at this address as the end of the range says.
    unsafe fn bits(
        self,
        bits: *const u8,
        range: Range,
        times: usize,
    ) -> PyResult<(Bound<'py, PyUntypedArray>, bool)> {
        let end = range.start + range.len;
        // SAFETY: the caller's promise.
        let bytes = unsafe { std::slice::from_raw_parts(bits, end.div_ceil(8)) };
        let Some(len) = range.len.checked_mul(times) else {
            return Err(self.malformed("lists larger than memory"));
        };
        let mut output = Output::new(self.py, self.arg.function, DType::Bool, &[len])?;
        let mut all = true;
        let elements = output.slice_mut::<Bool>();
        for (index, elements) in (range.start..end).zip(elements.chunks_exact_mut(times.max(1))) {
            let bit = bytes[index / 8] >> (index % 8) & 1;
            all &= bit == 1;
            elements.fill(Bool(bit));
        }
        Ok((output.finish()?.cast_into()?, all))
    }

    fn both(
        self,
        rows: Bound<'py, PyUntypedArray>,
        of_column: Option<Bound<'py, PyUntypedArray>>,
    ) -> PyResult<Bound<'py, PyUntypedArray>> {
        let Some(of_column) = of_column else { return Ok(rows) };
        let rows = match of_column.shape() == rows.shape() {
            true => rows.into_any(),
            false => {
                rows.call_method1(intern!(self.py, "reshape"), (PyTuple::new(self.py, [rows.len(), 1])?,))?
            }
        };
        Ok(numpy(self.py, "logical_and")?.call1((of_column, rows))?.cast_into()?)
    }

    /// A range of an array, counted from the start of its memory.
    fn range(self, array: &ArrowArray, range: Range) -> PyResult<Range> {
        let length = self.size(array.length, "length")?;
        let offset = self.size(array.offset, "offset")?;
        if !(-1..=array.length).contains(&array.null_count) {
            return Err(self.malformed("a number of nulls that is none"));
        }
        let end = range.start.checked_add(range.len);
        if end.is_none_or(|end| end > length) {
            return Err(self.malformed("a child that is shorter than its parent"));
        }
        match offset.checked_add(length).filter(|&end| isize::try_from(end).is_ok()) {
            Some(_) => Ok(Range { start: offset + range.start, len: range.len }),
            None => Err(self.malformed("an array larger than memory can be")),
        }
    }

    fn size(self, value: i64, name: &str) -> PyResult<usize> {
        usize::try_from(value).map_err(|_| self.malformed(&format!("a negative {name}")))
    }

    fn buffer(self, array: &ArrowArray, index: usize) -> PyResult<*const c_void> {
        if array.buffers.is_null() {
            return Err(self.malformed("an array without its buffers"));
        }
        // SAFETY: there are `n_buffers` pointers, and the callers have seen that these are more than `index`.
        Ok(unsafe { *array.buffers.add(index) })
    }

    /// The children of a structure.
    fn children<'a, T>(self, count: i64, children: *mut *mut T) -> PyResult<Vec<&'a T>> {
        let count = self.size(count, "number of children")?;
        if count > 0 && children.is_null() {
            return Err(self.malformed("a structure without its children"));
        }
        // SAFETY: there are as many pointers as the structure says, each of a structure that lives as long as its
        // parent, which outlives every reader.
        let child = |index: usize| unsafe { (*children.add(index)).as_ref() };
        (0..count).map(|index| child(index).ok_or_else(|| self.malformed("a child that is null"))).collect()
    }

    fn format(self, schema: &ArrowSchema) -> PyResult<&str> {
        if schema.format.is_null() {
            return Err(self.malformed("a schema without a format"));
        }
        // SAFETY: a text that lives as long as the schema.
        let format = unsafe { CStr::from_ptr(schema.format) };
        format.to_str().map_err(|_| self.malformed("a format that is no text"))
    }

    /// The dtype of numbers of a format; `None` for nulls alone, an error for what are no numbers.
    fn number(self, format: &str) -> PyResult<Option<DType>> {
        Ok(Some(match format {
            "b" => DType::Bool,
            "c" => DType::I8,
            "C" => DType::U8,
            "s" => DType::I16,
            "S" => DType::U16,
            "i" => DType::I32,
            "I" => DType::U32,
            "l" => DType::I64,
            "L" => DType::U64,
            "e" => DType::F16,
            "f" => DType::F32,
            "g" => DType::F64,
            "n" => return Ok(None),
            _ => return Err(self.unsupported(named(format))),
        }))
    }

    fn unsupported(self, what: &str) -> PyErr {
        self.arg.type_error(
            format_args!("Arrow data of the type {what}"),
            "bool, an integer or a float up to 64 bits, or columns of them",
        )
    }

    fn malformed(self, what: &str) -> PyErr {
        self.arg.value_error(format_args!("Arrow data with {what}"), "as the Arrow C data interface has it")
    }
}

/// The texts of an array that lives.
enum Strings<'a> {
    /// One after the other, with where each begins.
    Offsets { offsets: *const u8, is_wide: bool, data: *const u8, owner: PhantomData<&'a ArrowArray> },
    /// In 16 bytes each: a short one, or the length, the buffer and the place in it.
    Views { views: *const u8, buffers: Vec<(*const u8, usize)>, owner: PhantomData<&'a ArrowArray> },
}

impl<'a> Strings<'a> {
    /// The text at an index within the array, counted from the start of its memory.
    fn get(&self, reader: Reader<'_>, index: usize) -> PyResult<&'a [u8]> {
        match *self {
            Strings::Offsets { offsets, is_wide, data, .. } => {
                let offset = |index: usize| {
                    // SAFETY: there is one offset more than there are elements.
                    let value = unsafe {
                        match is_wide {
                            true => offsets.cast::<i64>().add(index).read_unaligned(),
                            false => i64::from(offsets.cast::<i32>().add(index).read_unaligned()),
                        }
                    };
                    isize::try_from(value).ok().and_then(|value| usize::try_from(value).ok())
                };
                let (Some(start), Some(end)) = (offset(index), offset(index + 1)) else {
                    return Err(reader.malformed("a negative offset"));
                };
                match end.checked_sub(start) {
                    Some(0) => Ok(&[]),
                    Some(len) if !data.is_null() => {
                        // SAFETY: the bytes up to the last offset are there, and nothing changes them.
                        Ok(unsafe { std::slice::from_raw_parts(data.add(start), len) })
                    }
                    _ => Err(reader.malformed("offsets that go back, or strings without their data")),
                }
            }
            Strings::Views { views, ref buffers, .. } => {
                // SAFETY: there are 16 bytes for each element.
                let view: &'a [u8] = unsafe { std::slice::from_raw_parts(views.add(16 * index), 16) };
                let field =
                    |at: usize| i32::from_ne_bytes([view[at], view[at + 1], view[at + 2], view[at + 3]]);
                let Ok(len) = usize::try_from(field(0)) else {
                    return Err(reader.malformed("a string view of negative length"));
                };
                if len <= 12 {
                    return Ok(&view[4..4 + len]);
                }
                let buffer = usize::try_from(field(8)).ok().and_then(|index| buffers.get(index));
                match (buffer, usize::try_from(field(12))) {
                    (Some(&(data, size)), Ok(start)) if start <= size && len <= size - start => {
                        // SAFETY: within the buffer, as was seen; nothing changes it.
                        Ok(unsafe { std::slice::from_raw_parts(data.add(start), len) })
                    }
                    _ => Err(reader.malformed("a string view beyond its buffer")),
                }
            }
        }
    }
}

/// What a format means, for a message.
fn named(format: &str) -> &str {
    const NAMES: [(&str, &str); 16] = [
        ("vu", "string view"),
        ("vz", "binary view"),
        ("w:", "fixed-size binary"),
        ("d:", "decimal"),
        ("td", "date"),
        ("tt", "time"),
        ("ts", "timestamp"),
        ("tD", "duration"),
        ("ti", "interval"),
        ("+s", "struct in a column"),
        ("+m", "map"),
        ("+r", "run-end encoded"),
        ("+u", "union"),
        ("+", "list"),
        ("u", "string"),
        ("U", "large string"),
    ];
    let found = NAMES.iter().find(|(prefix, _)| format.starts_with(prefix));
    found.map_or(if format == "z" || format == "Z" { "binary" } else { format }, |(_, name)| name)
}

/// Memory of an Arrow array, for NumPy to look at.
#[pyclass(frozen, module = "rust_numpy_example")]
struct ArrowMemory {
    _owner: Arc<Owned<ArrowArray>>,
    address: usize,
    len: usize,
    dtype: DType,
}

#[pymethods]
impl ArrowMemory {
    /// Read-only: it is the producer's.
    #[getter]
    fn __array_interface__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let interface = PyDict::new(py);
        interface.set_item("version", 3)?;
        interface.set_item("shape", (self.len,))?;
        interface.set_item("typestr", numpy(py, "dtype")?.call1((self.dtype.name(),))?.getattr("str")?)?;
        interface.set_item("data", (self.address, true))?;
        Ok(interface)
    }
}

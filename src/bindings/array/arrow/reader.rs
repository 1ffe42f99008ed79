//! Arrays of numbers: values where they lie, validity as a mask.
#![allow(unsafe_code)]

use std::ffi::{CStr, c_void};
use std::sync::Arc;

use numpy::{PyUntypedArray, PyUntypedArrayMethods};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString, PyTuple};

use super::super::modules::numpy;
use super::super::output::Output;
use super::super::taken::{Taken, side_by_side};
use super::structures::{ArrowArray, ArrowSchema, Owned};
use crate::bindings::argument::Arg;
use crate::dtype::{Bool, DType};

/// Lists in lists that are taken, each a further axis: no more than an array may have.
const DEPTH: usize = 60;

/// Elements from `start` on, `len` of them, of an array and of what is in it.
#[derive(Clone, Copy)]
pub struct Range {
    pub start: usize,
    pub len: usize,
}

/// What a column is of.
enum Kind {
    Nulls,
    Numbers(DType),
    /// Lists of this length.
    Lists(usize),
}

/// Reads the arrays of one argument.
#[derive(Clone, Copy)]
pub struct Reader<'py> {
    pub py: Python<'py>,
    pub arg: Arg,
    /// Whether dates, timestamps without a zone and durations are taken, as the integers that they are.
    pub with_times: bool,
}

impl<'py> Reader<'py> {
    /// A whole array: a column, or a table whose columns lie side by side.
    pub fn column_or_table(self, schema: &ArrowSchema, array: Owned<ArrowArray>) -> PyResult<Taken<'py>> {
        let owner = Arc::new(array);
        let array = &owner.0;
        let whole = self.range(array, Range { start: 0, len: self.size(array.length, "length")? })?;
        self.refuse_extension(schema)?;
        if self.format(schema)? != "+s" {
            return self.column(schema, array, whole, &owner, 0);
        }
        // Before any of them is looked at: pointers beyond the number that is true are no pointers.
        if schema.n_children != array.n_children {
            return Err(self.malformed("a struct whose schema has other fields"));
        }
        let fields = self.children(schema.n_children, schema.children)?;
        let columns = self.children(array.n_children, array.children)?;
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
    pub fn nothing(self, schema: &ArrowSchema) -> PyResult<Taken<'py>> {
        if self.format(schema)? != "+s" {
            return self.no_elements(schema, 0);
        }
        let fields = self.children(schema.n_children, schema.children)?;
        let columns = fields.into_iter().map(|field| self.no_elements(field, 0));
        side_by_side(self.arg, self.py, columns.collect::<PyResult<_>>()?)
    }

    /// A column without elements.
    fn no_elements(self, schema: &ArrowSchema, depth: usize) -> PyResult<Taken<'py>> {
        let zeros = |shape: &[usize], dtype: &Bound<'py, PyAny>| {
            let zeros = numpy(self.py, "zeros")?.call1((PyTuple::new(self.py, shape)?, dtype))?;
            Ok::<_, PyErr>(zeros.cast_into::<PyUntypedArray>()?.into())
        };
        match self.kind(schema, depth)? {
            Kind::Nulls => zeros(&[0], numpy(self.py, "float64")?.as_any()),
            Kind::Numbers(dtype) => zeros(&[0], &PyString::new(self.py, dtype.name())),
            Kind::Lists(width) => {
                let items = self.only_child(schema.n_children, schema.children)?;
                let items = self.no_elements(items, depth + 1)?.array;
                zeros(&[&[0, width], &items.shape()[1..]].concat(), items.dtype().as_any())
            }
        }
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
        let kind = self.kind(schema, depth)?;
        if !array.dictionary.is_null() {
            return Err(self.malformed("a dictionary without its schema or its values"));
        }
        let dtype = match kind {
            Kind::Numbers(dtype) => dtype,
            Kind::Lists(width) => return self.lists(width, schema, array, range, owner, depth),
            Kind::Nulls => {
                let nans = numpy(self.py, "full")?.call1((range.len, f64::NAN))?.cast_into()?;
                let valid = numpy(self.py, "zeros")?.call1((range.len, "bool"))?.cast_into()?;
                return Ok(Taken { array: nans, valid: (range.len > 0).then_some(valid) });
            }
        };
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

    /// Lists of one length: one more axis.
    fn lists(
        self,
        width: usize,
        schema: &ArrowSchema,
        array: &ArrowArray,
        range: Range,
        owner: &Arc<Owned<ArrowArray>>,
        depth: usize,
    ) -> PyResult<Taken<'py>> {
        let field = self.only_child(schema.n_children, schema.children)?;
        let items = self.only_child(array.n_children, array.children)?;
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
        if range.len == 0 {
            return Ok(None);
        }
        let bits = self.validity_bits(array)?;
        if bits.is_null() {
            return Ok(None);
        }
        // SAFETY: the validity buffer holds a bit for each element of the array up to the end of the range.
        let (valid, all) = unsafe { self.bits(bits, range, times)? };
        Ok((!all).then_some(valid))
    }

    /// The validity buffer; null if there are no nulls.
    pub fn validity_bits(self, array: &ArrowArray) -> PyResult<*const u8> {
        let bits = match array.null_count {
            0 => return Ok(std::ptr::null()),
            _ if array.n_buffers < 1 => std::ptr::null(),
            _ => self.buffer(array, 0)?.cast::<u8>(),
        };
        match bits.is_null() && array.null_count > 0 {
            true => Err(self.malformed("nulls without a validity buffer")),
            false => Ok(bits),
        }
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
    pub fn range(self, array: &ArrowArray, range: Range) -> PyResult<Range> {
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

    pub fn size(self, value: i64, name: &str) -> PyResult<usize> {
        usize::try_from(value).map_err(|_| match value {
            0.. => self.malformed(&format!("a {name} larger than memory can be")),
            _ => self.malformed(&format!("a negative {name}")),
        })
    }

    pub fn buffer(self, array: &ArrowArray, index: usize) -> PyResult<*const c_void> {
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

    /// The one child of lists.
    fn only_child<'a, T>(self, count: i64, children: *mut *mut T) -> PyResult<&'a T> {
        match count {
            1 => Ok(self.children(count, children)?[0]),
            _ => Err(self.malformed("lists with other than one child")),
        }
    }

    pub fn format(self, schema: &ArrowSchema) -> PyResult<&str> {
        if schema.format.is_null() {
            return Err(self.malformed("a schema without a format"));
        }
        // SAFETY: a text that lives as long as the schema.
        let format = unsafe { CStr::from_ptr(schema.format) };
        format.to_str().map_err(|_| self.malformed("a format that is no text"))
    }

    /// What the numbers of an extension type mean, only who defined it knows: a tensor may be one row of its storage,
    /// and an hour or a place in a dictionary an integer.
    fn refuse_extension(self, schema: &ArrowSchema) -> PyResult<()> {
        match schema.extension() {
            Ok(None) => Ok(()),
            Err(_) => Err(self.malformed("metadata with a negative length")),
            Ok(Some(name)) => Err(self.arg.type_error(
                format_args!("Arrow data of the extension type {name}"),
                "numbers without a meaning of their own, such as its storage",
            )),
        }
    }

    /// What a column is of; an error for what are no numbers.
    fn kind(self, schema: &ArrowSchema, depth: usize) -> PyResult<Kind> {
        self.refuse_extension(schema)?;
        if !schema.dictionary.is_null() {
            return Err(self.unsupported("dictionary-encoded"));
        }
        let format = self.format(schema)?;
        if let Some(width) = format.strip_prefix("+w:") {
            return match width.parse::<u32>() {
                Ok(_) if depth == DEPTH => Err(self.unsupported("lists in too many lists")),
                Ok(width) => Ok(Kind::Lists(width as usize)),
                Err(_) => Err(self.malformed("lists of no length")),
            };
        }
        Ok(Kind::Numbers(match format {
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
            "n" => return Ok(Kind::Nulls),
            "tdD" if self.with_times => DType::I32,
            _ if self.with_times && dtype_of_times(format).is_some() => DType::I64,
            _ => return Err(self.unsupported(named(format))),
        }))
    }

    fn unsupported(self, what: &str) -> PyErr {
        self.arg.type_error(
            format_args!("Arrow data of the type {what}"),
            "bool, an integer or a float up to 64 bits, or columns of them",
        )
    }

    pub fn malformed(self, what: &str) -> PyErr {
        self.arg.value_error(format_args!("Arrow data with {what}"), "as the Arrow C data interface has it")
    }
}

/// What NumPy calls the dates, timestamps without a zone or durations of a format.
pub fn dtype_of_times(format: &str) -> Option<&'static str> {
    Some(match format {
        "tdD" => "datetime64[D]",
        "tss:" => "datetime64[s]",
        "tdm" | "tsm:" => "datetime64[ms]",
        "tsu:" => "datetime64[us]",
        "tsn:" => "datetime64[ns]",
        "tDs" => "timedelta64[s]",
        "tDm" => "timedelta64[ms]",
        "tDu" => "timedelta64[us]",
        "tDn" => "timedelta64[ns]",
        _ => return None,
    })
}

/// What a format means, for a message.
pub fn named(format: &str) -> &str {
    const NAMES: [(&str, &str); 18] = [
        ("_pli128", "integer of 128 bits"),
        ("_plu128", "unsigned integer of 128 bits"),
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

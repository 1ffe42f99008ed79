//! The one door for arrays.
//!
//! [`Input`] takes whatever `np.asarray` takes and gives a view of it, at any stride, without a
//! copy where the memory can be read as it is. [`Output`] is a new array from NumPy's allocator,
//! or the caller's `out`. All that is `unsafe` about arrays is in this file.
//!
//! What may be done to an array while a call works on it: nothing that moves its memory (NumPy
//! refuses to resize it, see `pin`); to write into it from another thread gives wrong numbers,
//! as in NumPy, and never a crash, as kernels derive no address from an element, and check again
//! what they have counted.
#![allow(unsafe_code)]

use ndarray::{ArrayViewD, ArrayViewMutD, Axis, IxDyn, ShapeBuilder};
use numpy::npyffi::{NPY_TYPES, PY_ARRAY_API, PyArrayObject, npy_intp};
use numpy::{PyArrayDescr, PyArrayDescrMethods, PyUntypedArray, PyUntypedArrayMethods};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyTuple, PyWeakrefReference};

use crate::alloc::checked_size;
use crate::dtype::{DType, Element};
use crate::error::Error;

/// An array in use by a call.
pub trait Operand {
    /// The array.
    fn array(&self) -> &Bound<'_, PyUntypedArray>;

    /// Weak references to the array and to every array whose memory it is a view of: as long as
    /// they live, `resize` refuses to move that memory.
    fn pin(&self) -> PyResult<Pin> {
        let mut pins = Vec::new();
        let mut array = self.array().clone();
        loop {
            pins.push(PyWeakrefReference::new(&array)?.unbind());
            // SAFETY: an array object; its base is null or a live object that it owns.
            let base = unsafe {
                let base = (*array.as_ptr().cast::<PyArrayObject>()).fields.base;
                Bound::from_borrowed_ptr_or_opt(array.py(), base)
            };
            match base.map(|base| base.cast_into::<PyUntypedArray>()) {
                Some(Ok(base)) => array = base,
                _ => return Ok(Pin { _weak: pins }),
            }
        }
    }
}

/// See [`Operand::pin`].
pub struct Pin {
    _weak: Vec<Py<PyWeakrefReference>>,
}

/// An argument that is read.
pub struct Input<'py> {
    array: Bound<'py, PyUntypedArray>,
    dtype: DType,
}

impl Operand for Input<'_> {
    fn array(&self) -> &Bound<'_, PyUntypedArray> {
        &self.array
    }
}

impl<'py> Input<'py> {
    /// The argument `name` of `function`, as an array of one of the dtypes of the table.
    pub fn new(function: &str, name: &str, object: &Bound<'py, PyAny>) -> PyResult<Self> {
        let array = as_array(function, name, object)?;
        match supported(&array.dtype()) {
            Some(dtype) => Self::readable(array, dtype),
            None => Err(PyTypeError::new_err(format!(
                "{function}: {name} has dtype {}, expected bool, an integer, a float up to 64 bits or a complex \
                 number up to 128 bits",
                array.dtype()
            ))),
        }
    }

    /// As [`Input::new`], but `None` where NumPy has to do the work: its dtype (such as
    /// longdouble or object) is not in the table.
    pub fn if_supported(function: &str, name: &str, object: &Bound<'py, PyAny>) -> PyResult<Option<Self>> {
        let array = as_array(function, name, object)?;
        supported(&array.dtype()).map(|dtype| Self::readable(array, dtype)).transpose()
    }

    /// Copies an array that cannot be read as it is.
    fn readable(array: Bound<'py, PyUntypedArray>, dtype: DType) -> PyResult<Self> {
        if is_plain(&array, dtype) {
            return Ok(Input { array, dtype });
        }
        let copy = numpy(array.py(), "ascontiguousarray")?.call1((&array, dtype.name()))?;
        // NumPy makes an array without axes into one with an axis there.
        let copy = if array.ndim() == 0 {
            copy.call_method1("reshape", (PyTuple::empty(array.py()),))?
        } else {
            copy
        };
        Ok(Input { array: copy.cast_into()?, dtype })
    }

    /// The same data as elements of `dtype`, converted by NumPy if they are of another.
    pub fn cast(self, dtype: DType) -> PyResult<Self> {
        if self.dtype == dtype {
            return Ok(self);
        }
        let array = self.array.call_method1("astype", (dtype.name(),))?.cast_into()?;
        Ok(Input { array, dtype })
    }

    /// A Python number as an array without axes.
    pub fn number(py: Python<'py>, dtype: DType, number: &Bound<'py, PyAny>) -> PyResult<Self> {
        let array = Output::new(py, dtype, &[])?.array;
        array.set_item(pyo3::types::PyEllipsis::get(py), number)?;
        Ok(Input { array, dtype })
    }

    /// The elements, if they are flat memory in C order.
    pub fn flat<T: Element>(&self) -> Option<&[T]> {
        assert_eq!(T::DTYPE, self.dtype);
        self.array.is_c_contiguous().then(|| {
            let (start, len) = flat::<T>(&self.array);
            // SAFETY: as in `view`; elements in C order are one slice.
            unsafe { std::slice::from_raw_parts(start, len) }
        })
    }

    /// The same data, contiguous in C order, copied if they are not.
    pub fn in_c_order(self) -> PyResult<Self> {
        if self.array.is_c_contiguous() {
            return Ok(self);
        }
        let array = numpy(self.array.py(), "ascontiguousarray")?.call1((&self.array,))?.cast_into()?;
        Ok(Input { array, ..self })
    }

    /// The elements of an array in C order.
    ///
    /// # Panics
    /// If the array is not in C order ([`Input::in_c_order`]), or `T` is not the element type.
    pub fn slice<T: Element>(&self) -> &[T] {
        self.flat().expect("an array in C order")
    }

    /// As a Python object.
    pub fn object(&self) -> &Bound<'py, PyAny> {
        self.array.as_any()
    }

    /// The element type.
    pub fn dtype(&self) -> DType {
        self.dtype
    }

    /// The lengths of the axes.
    pub fn shape(&self) -> &[usize] {
        self.array.shape()
    }

    /// The number of elements, repeated ones of a broadcast array included.
    pub fn len(&self) -> usize {
        self.array.len()
    }

    /// The array to look at.
    ///
    /// # Panics
    /// If `T` is not the element type.
    pub fn view<T: Element>(&self) -> ArrayViewD<'_, T> {
        assert_eq!(T::DTYPE, self.dtype);
        let (start, dim, inverted) = layout::<T>(&self.array);
        // SAFETY: `is_plain` holds for the array: aligned, native, whole strides; `layout` gives
        // its lowest address and strides that are not negative. The array lives as long as the
        // view, and its memory is not moved (`pin`, or the interpreter is attached).
        let mut view = unsafe { ArrayViewD::from_shape_ptr(dim, start) };
        for axis in inverted {
            view.invert_axis(Axis(axis));
        }
        view
    }
}

/// An array that is written: new, or the caller's `out`.
pub struct Output<'py> {
    /// Where the kernel writes.
    array: Bound<'py, PyUntypedArray>,
    dtype: DType,
    /// What the caller gets, if it is another array: `out` overlapped an input or cannot be
    /// written as it is.
    result: Option<Bound<'py, PyUntypedArray>>,
    given: bool,
}

impl Operand for Output<'_> {
    fn array(&self) -> &Bound<'_, PyUntypedArray> {
        &self.array
    }
}

impl<'py> Output<'py> {
    /// A new array in C order, not initialised. Memory that NumPy cannot get is a `MemoryError`.
    pub fn new(py: Python<'py>, dtype: DType, shape: &[usize]) -> PyResult<Self> {
        let bytes = checked_size(&[checked_size(shape)?, dtype.size()])?;
        if isize::try_from(bytes).is_err() {
            return Err(Error::Memory { bytes }.into());
        }
        assert!(shape.len() <= MAX_DIMS);
        // SAFETY: the shape is an array of `shape.len()` lengths that fit; the call takes over
        // the reference to the dtype; it returns a new array or null with an exception set.
        let array = unsafe {
            let mut dims = [0; MAX_DIMS];
            for (dim, &len) in dims.iter_mut().zip(shape) {
                *dim = len as npy_intp;
            }
            let descr = PY_ARRAY_API.PyArray_DescrFromType(py, type_number(dtype) as _);
            let array = PY_ARRAY_API.PyArray_Empty(py, shape.len() as _, dims.as_mut_ptr(), descr, 0);
            Bound::from_owned_ptr_or_err(py, array)?
        };
        Ok(Output { array: array.cast_into()?, dtype, result: None, given: false })
    }

    /// The caller's `out` if it is given, else a new array. `aliases` says whether the kernel
    /// gives the right result when `out` is one of `inputs` exactly; any other overlap goes
    /// through a copy.
    pub fn new_or(
        function: &str,
        out: Option<&Bound<'py, PyAny>>,
        dtype: DType,
        shape: &[usize],
        inputs: &[&Input<'py>],
        aliases: Aliases,
        py: Python<'py>,
    ) -> PyResult<Self> {
        let Some(out) = out else { return Self::new(py, dtype, shape) };
        let Ok(array) = out.cast::<PyUntypedArray>() else {
            return Err(PyTypeError::new_err(format!(
                "{function}: out must be a NumPy array, got {}",
                kind_of(out)
            )));
        };
        if !array.is_exact_instance_of::<PyUntypedArray>() && is_masked(array)? {
            return Err(masked(function, "out"));
        }
        if array.shape() != shape {
            return Err(PyValueError::new_err(format!(
                "{function}: out has shape {}, expected {}",
                Shape(array.shape()),
                Shape(shape)
            )));
        }
        if supported(&array.dtype()) != Some(dtype) {
            return Err(PyTypeError::new_err(format!(
                "{function}: out has dtype {}, expected {}",
                array.dtype(),
                dtype.name()
            )));
        }
        // SAFETY: an array object.
        if unsafe { (*array.as_array_ptr()).fields.flags } & numpy::npyffi::NPY_ARRAY_WRITEABLE == 0 {
            return Err(PyValueError::new_err(format!("{function}: out is read-only")));
        }
        let clashes = |input: &&Input<'py>| {
            let same =
                aliases == Aliases::Exact && input.dtype == dtype && is_same_memory(&input.array, array);
            !same && overlaps(&input.array, array)
        };
        if !is_plain(array, dtype) || repeats(array) || inputs.iter().any(clashes) {
            let scratch = Self::new(py, dtype, shape)?;
            return Ok(Output { result: Some(array.clone()), ..scratch });
        }
        Ok(Output { array: array.clone(), dtype, result: None, given: true })
    }

    /// The array to write into; what it holds before is undefined.
    ///
    /// # Panics
    /// If `T` is not the element type.
    pub fn view_mut<T: Element>(&mut self) -> ArrayViewMutD<'_, T> {
        assert_eq!(T::DTYPE, self.dtype);
        let (start, dim, inverted) = layout::<T>(&self.array);
        // SAFETY: as in `Input::view`. The array is new, or it is writeable, does not repeat an
        // element and overlaps no input of the call but exactly (`new_or`), where the kernel has
        // said that this is right. Memory from the allocator is written before it is read.
        let mut view = unsafe { ArrayViewMutD::from_shape_ptr(dim, start) };
        for axis in inverted {
            view.invert_axis(Axis(axis));
        }
        view
    }

    /// The elements of a new array.
    ///
    /// # Panics
    /// If `T` is not the element type.
    pub fn slice_mut<T: Element>(&mut self) -> &mut [T] {
        self.flat_mut().expect("a new array is in C order")
    }

    /// The elements, if they are flat memory in C order.
    pub fn flat_mut<T: Element>(&mut self) -> Option<&mut [T]> {
        assert_eq!(T::DTYPE, self.dtype);
        self.array.is_c_contiguous().then(|| {
            let (start, len) = flat::<T>(&self.array);
            // SAFETY: as in `view_mut`; elements in C order are one slice.
            unsafe { std::slice::from_raw_parts_mut(start, len) }
        })
    }

    /// Whether the kernel writes into the caller's array.
    pub fn is_given(&self) -> bool {
        self.given
    }

    /// The array as an operand of a call, while a view of it is in use.
    pub fn held(&self) -> Held<'py> {
        Held(self.array.clone())
    }

    /// The finished array.
    pub fn finish(self) -> PyResult<Bound<'py, PyAny>> {
        match self.result {
            None => Ok(self.array.into_any()),
            Some(result) => {
                numpy(result.py(), "copyto")?.call1((&result, &self.array))?;
                Ok(result.into_any())
            }
        }
    }

    /// The finished array; one without axes becomes a scalar, as with NumPy's functions, unless
    /// it was given by the caller.
    pub fn finish_scalar(self, given: bool) -> PyResult<Bound<'py, PyAny>> {
        let array = self.finish()?;
        if given { Ok(array) } else { array.get_item(PyTuple::empty(array.py())).or(Ok(array)) }
    }
}

/// See [`Output::held`].
pub struct Held<'py>(Bound<'py, PyUntypedArray>);

impl Operand for Held<'_> {
    fn array(&self) -> &Bound<'_, PyUntypedArray> {
        &self.0
    }
}

/// What a kernel does when its output is exactly one of its inputs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Aliases {
    /// It reads an element before it writes the same one: the result is right.
    Exact,
    /// It needs memory of its own.
    Never,
}

/// The most axes a NumPy array can have.
const MAX_DIMS: usize = 64;

/// `object` as an array of any dtype: itself if it is one, else what `np.asarray` makes of it.
pub fn as_array<'py>(
    function: &str,
    name: &str,
    object: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyUntypedArray>> {
    if let Ok(array) = object.cast_exact::<PyUntypedArray>() {
        return Ok(array.clone());
    }
    if is_masked(object)? {
        return Err(masked(function, name));
    }
    if let Ok(array) = object.cast::<PyUntypedArray>() {
        return Ok(array.clone());
    }
    Ok(numpy(object.py(), "asarray")?.call1((object,))?.cast_into()?)
}

fn is_masked(object: &Bound<'_, PyAny>) -> PyResult<bool> {
    static MASKED: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let class = MASKED.get_or_try_init(object.py(), || {
        Ok::<_, PyErr>(object.py().import("numpy.ma")?.getattr("MaskedArray")?.unbind())
    })?;
    object.is_instance(class.bind(object.py()))
}

fn masked(function: &str, name: &str) -> PyErr {
    PyTypeError::new_err(format!(
        "{function}: {name} is a masked array, and its mask would be lost; expected an array without a mask \
         (use its filled() or compressed())"
    ))
}

/// A function of NumPy.
pub fn numpy<'py>(py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyAny>> {
    static NUMPY: PyOnceLock<Py<PyModule>> = PyOnceLock::new();
    let module = NUMPY.get_or_try_init(py, || Ok::<_, PyErr>(py.import("numpy")?.unbind()))?;
    module.bind(py).getattr(name)
}

/// The name of an object's type, for a message.
pub fn kind_of(object: &Bound<'_, PyAny>) -> String {
    object.get_type().name().map_or_else(|_| "an object".to_owned(), |name| name.to_string())
}

/// The row of the table for a NumPy dtype object, if it has one.
pub fn dtype_of(dtype: &Bound<'_, PyAny>) -> PyResult<Option<DType>> {
    Ok(supported(dtype.cast::<PyArrayDescr>()?))
}

/// The row of the table for NumPy's dtype, whatever its byte order.
fn supported(descr: &Bound<'_, PyArrayDescr>) -> Option<DType> {
    let number = descr.num();
    // C has several names for the same integer type; all but these have a fixed size.
    let long = size_of::<std::ffi::c_long>() == 8;
    Some(match number {
        _ if number == NPY_TYPES::NPY_BOOL as i32 => DType::Bool,
        _ if number == NPY_TYPES::NPY_BYTE as i32 => DType::I8,
        _ if number == NPY_TYPES::NPY_UBYTE as i32 => DType::U8,
        _ if number == NPY_TYPES::NPY_SHORT as i32 => DType::I16,
        _ if number == NPY_TYPES::NPY_USHORT as i32 => DType::U16,
        _ if number == NPY_TYPES::NPY_INT as i32 => DType::I32,
        _ if number == NPY_TYPES::NPY_UINT as i32 => DType::U32,
        _ if number == NPY_TYPES::NPY_LONG as i32 => {
            if long {
                DType::I64
            } else {
                DType::I32
            }
        }
        _ if number == NPY_TYPES::NPY_ULONG as i32 => {
            if long {
                DType::U64
            } else {
                DType::U32
            }
        }
        _ if number == NPY_TYPES::NPY_LONGLONG as i32 => DType::I64,
        _ if number == NPY_TYPES::NPY_ULONGLONG as i32 => DType::U64,
        _ if number == NPY_TYPES::NPY_HALF as i32 => DType::F16,
        _ if number == NPY_TYPES::NPY_FLOAT as i32 => DType::F32,
        _ if number == NPY_TYPES::NPY_DOUBLE as i32 => DType::F64,
        _ if number == NPY_TYPES::NPY_CFLOAT as i32 => DType::C64,
        _ if number == NPY_TYPES::NPY_CDOUBLE as i32 => DType::C128,
        _ => return None,
    })
}

/// NumPy's number of a dtype of the table.
fn type_number(dtype: DType) -> NPY_TYPES {
    let long = size_of::<std::ffi::c_long>() == 8;
    match dtype {
        DType::Bool => NPY_TYPES::NPY_BOOL,
        DType::I8 => NPY_TYPES::NPY_BYTE,
        DType::U8 => NPY_TYPES::NPY_UBYTE,
        DType::I16 => NPY_TYPES::NPY_SHORT,
        DType::U16 => NPY_TYPES::NPY_USHORT,
        DType::I32 => NPY_TYPES::NPY_INT,
        DType::U32 => NPY_TYPES::NPY_UINT,
        DType::I64 if long => NPY_TYPES::NPY_LONG,
        DType::I64 => NPY_TYPES::NPY_LONGLONG,
        DType::U64 if long => NPY_TYPES::NPY_ULONG,
        DType::U64 => NPY_TYPES::NPY_ULONGLONG,
        DType::F16 => NPY_TYPES::NPY_HALF,
        DType::F32 => NPY_TYPES::NPY_FLOAT,
        DType::F64 => NPY_TYPES::NPY_DOUBLE,
        DType::C64 => NPY_TYPES::NPY_CFLOAT,
        DType::C128 => NPY_TYPES::NPY_CDOUBLE,
    }
}

/// Whether the memory can be read as a Rust slice of elements could: native byte order, aligned,
/// and every step a whole number of elements. (NumPy's flag alone does not say the last: a
/// complex field of a struct of 24 bytes is "aligned", with a step of one and a half elements.)
fn is_plain(array: &Bound<'_, PyUntypedArray>, dtype: DType) -> bool {
    let size = dtype.size() as isize;
    // SAFETY: an array object.
    let aligned = unsafe { (*array.as_array_ptr()).fields.flags } & numpy::npyffi::NPY_ARRAY_ALIGNED != 0;
    let whole = || {
        array.is_c_contiguous()
            || array.shape().iter().zip(array.strides()).all(|(&len, stride)| len <= 1 || stride % size == 0)
    };
    array.is_empty() || (aligned && array.dtype().is_native_byteorder() != Some(false) && whole())
}

/// The address and number of the elements of an array in C order.
fn flat<T>(array: &Bound<'_, PyUntypedArray>) -> (*mut T, usize) {
    match array.len() {
        0 => (std::ptr::NonNull::dangling().as_ptr(), 0),
        // SAFETY: an array object.
        len => (unsafe { (*array.as_array_ptr()).fields.data }.cast(), len),
    }
}

/// The lowest address, the lengths and steps (in elements, none negative), and the axes that run
/// backwards.
fn layout<T>(array: &Bound<'_, PyUntypedArray>) -> (*mut T, ndarray::StrideShape<IxDyn>, Vec<usize>) {
    let shape = array.shape();
    // SAFETY: an array object.
    let mut start = unsafe { (*array.as_array_ptr()).fields.data }.cast::<T>();
    if array.is_empty() {
        return (
            std::ptr::NonNull::dangling().as_ptr(),
            IxDyn(shape).into_shape_with_order().into(),
            Vec::new(),
        );
    }
    let mut strides = IxDyn::zeros(shape.len());
    let mut inverted = Vec::new();
    let mut inner = 1;
    for axis in (0..shape.len()).rev() {
        let step = array.strides()[axis] / size_of::<T>() as isize;
        strides[axis] = if shape[axis] == 1 { inner } else { step.unsigned_abs() };
        if shape[axis] > 1 && step < 0 {
            // SAFETY: the last element along an axis is inside the array's memory.
            start = unsafe { start.offset(step * (shape[axis] as isize - 1)) };
            inverted.push(axis);
        }
        inner = shape[axis].saturating_mul(inner);
    }
    (start, IxDyn(shape).strides(strides), inverted)
}

/// The first and the last byte address of an array's elements, the latter exclusive.
fn extent(array: &Bound<'_, PyUntypedArray>) -> (isize, isize) {
    // SAFETY: an array object.
    let data = unsafe { (*array.as_array_ptr()).fields.data } as isize;
    let size = array.dtype().itemsize() as isize;
    if array.is_c_contiguous() {
        return (data, data + array.len() as isize * size);
    }
    let (mut low, mut high) = (data, data + size);
    for (&len, &stride) in array.shape().iter().zip(array.strides()) {
        let reach = stride.saturating_mul(len as isize - 1);
        if reach < 0 { low = low.saturating_add(reach) } else { high = high.saturating_add(reach) }
    }
    (low, high)
}

fn overlaps(a: &Bound<'_, PyUntypedArray>, b: &Bound<'_, PyUntypedArray>) -> bool {
    let ((a_low, a_high), (b_low, b_high)) = (extent(a), extent(b));
    !a.is_empty() && !b.is_empty() && a_low < b_high && b_low < a_high
}

fn is_same_memory(a: &Bound<'_, PyUntypedArray>, b: &Bound<'_, PyUntypedArray>) -> bool {
    // SAFETY: array objects.
    let data = |array: &Bound<'_, PyUntypedArray>| unsafe { (*array.as_array_ptr()).fields.data };
    data(a) == data(b) && a.shape() == b.shape() && a.strides() == b.strides()
}

/// Whether an element may have several indices: a step smaller than what the smaller steps span.
fn repeats(array: &Bound<'_, PyUntypedArray>) -> bool {
    if array.is_c_contiguous() {
        return false;
    }
    let mut axes: Vec<(usize, usize)> = array
        .strides()
        .iter()
        .zip(array.shape())
        .filter(|(_, len)| **len > 1)
        .map(|(stride, &len)| (stride.unsigned_abs(), len))
        .collect();
    axes.sort_unstable();
    let mut span = array.dtype().itemsize();
    for (stride, len) in axes {
        if stride < span {
            return true;
        }
        span = stride.saturating_mul(len - 1).saturating_add(span);
    }
    false
}

/// A shape as Python writes it.
pub struct Shape<'a>(pub &'a [usize]);

impl std::fmt::Display for Shape<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            [len] => write!(f, "({len},)"),
            shape => {
                let lengths: Vec<_> = shape.iter().map(usize::to_string).collect();
                write!(f, "({})", lengths.join(", "))
            }
        }
    }
}

//! The argument `by`: labels, as groups.
//!
//! | comes | groups are |
//! |---|---|
//! | bools, integers, floats, dates, with or without nulls | its values |
//! | a Categorical of pandas | its categories that occur, in their order |
//! | texts: NumPy's, str objects, Arrow strings | the texts |
//!
//! A label that is missing (NaN, None, NaT, a null) is that of no group.

use std::cmp::Ordering;

use ndarray::{ArrayViewD, IxDyn};
use numpy::{PyArrayDescrMethods, PyUntypedArray, PyUntypedArrayMethods};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PyString};

use crate::alloc::try_vec;
use crate::bindings::argument::Arg;
use crate::bindings::array::{Input, Operand, Output, Taken, exactly, is_a, is_list, numpy, take_or_texts};
use crate::bindings::call::Call;
use crate::bindings::display::{Shape, kind_of};
use crate::bindings::error::Named;
use crate::bindings::missing::is_missing;
use crate::dtype::{Bool, DType, dispatch_real};
use crate::kernels::stats::{Labels, Texts, of_integers};

/// What is accepted.
const EXPECTED: &str = "labels: bools, integers, floats, dates, texts or a Categorical";

/// Nanoseconds that a label takes.
const COST: usize = 4;

/// Which group each element is in.
pub struct By<'py> {
    codes: Vec<u32>,
    /// An array of the labels.
    pub labels: Bound<'py, PyAny>,
    shape: Vec<usize>,
}

impl<'py> By<'py> {
    /// The argument, for an array of this shape, or for one of its axes.
    pub fn new(
        arg: Arg,
        object: &Bound<'py, PyAny>,
        shape: &[usize],
        axis: Option<usize>,
        workers: Option<usize>,
    ) -> PyResult<Self> {
        let expected = axis.map_or_else(|| shape.to_vec(), |axis| vec![shape[axis]]);
        let refuse = |got: &[usize]| match got == expected {
            true => Ok(()),
            false => Err(arg.value_error(format_args!("shape {}", Shape(got)), Shape(&expected))),
        };
        let reader = Reader { arg, workers };
        let (codes, labels) = match reader.categorical(object)? {
            Some((taken, categories)) => {
                refuse(taken.array.shape())?;
                let (codes, places) = reader.numbers(taken)?;
                (codes, categories.call_method1("take", (places,))?)
            }
            None => {
                let mut texts = Texts::default();
                let taken = take_or_texts(arg, object, &mut |text| texts.push(text).named(arg.function))?;
                match taken {
                    Some(mut taken) => {
                        refuse(taken.array.shape())?;
                        taken.array = reader.items(object, taken.array)?;
                        reader.array(taken)?
                    }
                    None => {
                        let (codes, labels) = reader.texts(object.py(), texts)?;
                        refuse(&[codes.len()])?;
                        (codes, labels)
                    }
                }
            }
        };
        // Along an axis the labels are the same for all others.
        let shape = match axis {
            None => shape.to_vec(),
            Some(axis) => (0..shape.len()).map(|at| if at == axis { shape[at] } else { 1 }).collect(),
        };
        Ok(By { codes, labels, shape })
    }

    /// How many groups there are.
    pub fn count(&self) -> PyResult<usize> {
        self.labels.len()
    }

    /// A group for each element, in a shape that broadcasts to that of the array.
    pub fn codes(&self) -> ArrayViewD<'_, u32> {
        ArrayViewD::from_shape(IxDyn(&self.shape), &self.codes).expect("as many as the shape says")
    }
}

/// Codes, and the array of the labels.
type Coded<'py> = (Vec<u32>, Bound<'py, PyAny>);

/// Reads labels.
#[derive(Clone, Copy)]
struct Reader {
    arg: Arg,
    workers: Option<usize>,
}

impl Reader {
    /// Arrow strings.
    fn texts<'py>(self, py: Python<'py>, texts: Texts) -> PyResult<Coded<'py>> {
        let Labels { codes, groups } =
            texts.finish(<[u8] as Ord>::cmp, |_, text| text.to_vec()).named(self.arg.function)?;
        let all = numpy(py, "empty")?.call1((groups.len(), "O"))?;
        for (index, group) in groups.iter().enumerate() {
            let text = PyString::from_bytes(py, group)
                .map_err(|_| self.arg.value_error("a label that is not UTF-8", "Arrow strings, which are"))?;
            all.set_item(index, text)?;
        }
        Ok((codes, all))
    }

    /// The codes of a Categorical of pandas, -1 where they are missing, and its categories.
    fn categorical<'py>(
        self,
        object: &Bound<'py, PyAny>,
    ) -> PyResult<Option<(Taken<'py>, Bound<'py, PyAny>)>> {
        let array = match is_a(object, "pandas", "Series")? || is_a(object, "pandas", "Index")? {
            true => object.getattr("array")?,
            false => object.clone(),
        };
        if !is_a(&array, "pandas", "Categorical")? {
            return Ok(None);
        }
        let asarray = numpy(object.py(), "asarray")?;
        let codes = asarray.call1((array.getattr("codes")?,))?;
        let valid = codes.call_method1("__ge__", (0,))?.cast_into::<PyUntypedArray>()?;
        let categories = asarray.call1((array.getattr("categories")?,))?;
        Ok(Some((Taken { array: codes.cast_into()?, valid: Some(valid) }, categories)))
    }

    /// The labels of a list as what they are: NumPy makes texts of what is among texts, NaN too, and floats of integers;
    /// and zeros at the end of a text are lost to it.
    fn items<'py>(
        self,
        object: &Bound<'py, PyAny>,
        array: Bound<'py, PyUntypedArray>,
    ) -> PyResult<Bound<'py, PyUntypedArray>> {
        let is_text: fn(Bound<'py, PyAny>) -> bool = match array.dtype().kind() {
            b'U' if is_list(object) => |item| {
                item.cast::<PyString>()
                    .is_ok_and(|text| !text.to_cow().is_ok_and(|text| text.ends_with('\0')))
            },
            b'S' if is_list(object) => |item| item.is_instance_of::<PyBytes>(),
            _ => return exactly(object, array),
        };
        let objects = numpy(object.py(), "asarray")?.call1((object, "O"))?;
        let items = objects.call_method0("ravel")?.call_method0("tolist")?.cast_into::<PyList>()?;
        Ok(if items.iter().all(is_text) { array } else { objects.cast_into()? })
    }

    fn array<'py>(self, taken: Taken<'py>) -> PyResult<Coded<'py>> {
        let (py, array) = (taken.array.py(), &taken.array);
        let descr = array.dtype();
        match descr.kind() {
            b'b' | b'i' | b'u' => self.numbers(taken),
            b'f' => self.floats(taken),
            b'M' | b'm' => {
                let native = array.call_method1("astype", (descr.call_method1("newbyteorder", ("=",))?,))?;
                let numbers = native.call_method1("view", ("int64",))?.cast_into::<PyUntypedArray>()?;
                let mut valid = numbers.call_method1("__ne__", (i64::MIN,))?;
                if let Some(values) = taken.valid {
                    valid = valid.call_method1("__and__", (values,))?;
                }
                let taken = Taken { array: numbers, valid: Some(valid.cast_into()?) };
                let (codes, labels) = self.numbers(taken)?;
                let dtype = native.getattr("dtype")?;
                Ok((codes, labels.call_method1("view", (dtype,))?))
            }
            b'U' | b'S' => self.records(array),
            b'T' => self.objects(&numpy(py, "asarray")?.call1((array, "O"))?),
            b'O' => self.objects(array),
            _ => Err(self.arg.type_error(format_args!("dtype {descr}"), EXPECTED)),
        }
    }

    /// Bools and integers.
    fn numbers<'py>(self, taken: Taken<'py>) -> PyResult<Coded<'py>> {
        let py = taken.array.py();
        let input = Input::real(self.arg, &taken.array)?.in_c_order()?;
        let valid = taken.valid.map(|valid| Input::bools(self.arg, &valid)?.in_c_order()).transpose()?;
        let operands: [&dyn Operand; 2] = [&input, valid.as_ref().unwrap_or(&input)];
        let call = Call::new(py, self.arg.function, COST.saturating_mul(input.len()))
            .threads(self.workers)
            .holding(&operands);
        let valid = valid.as_ref().and_then(|valid| valid.contiguous::<Bool>());
        let is_missing = |index: usize| valid.is_some_and(|valid| !valid[index].get());
        dispatch_real!(input.dtype(), T => {
            let labels = input.contiguous::<T>().unwrap_or_default();
            let Labels { codes, groups } = call.run(|work| of_integers(labels, is_missing, work))?;
            Ok((codes, Output::of(py, self.arg.function, &[groups.len()], groups.into_iter())?))
        }, complex => unreachable!("complex input is refused"))
    }

    /// Floats, as integers in the same order.
    fn floats<'py>(self, taken: Taken<'py>) -> PyResult<Coded<'py>> {
        let py = taken.array.py();
        let dtype = taken.array.dtype().call_method1("newbyteorder", ("=",))?;
        let input = Input::real(self.arg, &taken.array)?.cast(DType::F64)?.in_c_order()?;
        let valid = taken.valid.map(|valid| Input::bools(self.arg, &valid)?.in_c_order()).transpose()?;
        let valid = valid.as_ref().and_then(|valid| valid.contiguous::<Bool>());
        let numbers = input.contiguous::<f64>().unwrap_or_default();
        let is_missing =
            |index: usize| numbers[index].is_nan() || valid.is_some_and(|valid| !valid[index].get());
        let call = Call::new(py, self.arg.function, COST.saturating_mul(input.len())).threads(self.workers);
        let labels = call.run(|work| {
            let mut keys = try_vec(numbers.len())?;
            keys.extend(numbers.iter().map(|&number| in_order(number)));
            of_integers::<i64>(&keys, is_missing, work)
        })?;
        let groups = labels.groups.iter().map(|&key| f64::from_bits(turned(key) as u64));
        let groups = Output::of(py, self.arg.function, &[labels.groups.len()], groups)?;
        Ok((labels.codes, groups.call_method1("astype", (dtype,))?))
    }

    /// Texts of one length, of NumPy.
    fn records<'py>(self, array: &Bound<'py, PyUntypedArray>) -> PyResult<Coded<'py>> {
        let py = array.py();
        let descr = array.dtype();
        let (is_wide, size) = (descr.kind() == b'U', descr.itemsize());
        let array = array.call_method0("ravel")?;
        let native = descr.call_method1("newbyteorder", ("=",))?;
        let array = numpy(py, "ascontiguousarray")?.call1((array, native))?;
        let len = array.len()?;
        let mut labels = Texts::default();
        let bytes = match size {
            0 => None,
            _ => Some(Input::new(self.arg, &array.call_method1("view", ("uint8",))?)?),
        };
        let bytes = bytes.as_ref().and_then(|bytes| bytes.contiguous::<u8>()).unwrap_or_default();
        let unit = if is_wide { 4 } else { 1 };
        for index in 0..len {
            let record = &bytes[index * size..(index + 1) * size];
            // As NumPy, which takes zeros at the end for what fills the record.
            let end = record.iter().rposition(|&byte| byte != 0).map_or(0, |last| last / unit * unit + unit);
            labels.push(Some(&record[..end])).named(self.arg.function)?;
        }
        let order: fn(&[u8], &[u8]) -> Ordering = if is_wide { by_code_point } else { <[u8] as Ord>::cmp };
        let Labels { codes, groups } =
            labels.finish(order, |first, _| first as usize).named(self.arg.function)?;
        let groups = array.call_method1("take", (numpy(py, "asarray")?.call1((groups, "intp"))?,))?;
        Ok((codes, groups))
    }

    /// Objects that are str, or missing.
    fn objects<'py>(self, array: &Bound<'py, PyAny>) -> PyResult<Coded<'py>> {
        let py = array.py();
        let array = array.call_method0("ravel")?;
        let mut labels = Texts::default();
        for (index, item) in array.call_method0("tolist")?.cast_into::<PyList>()?.iter().enumerate() {
            let pushed = match item.cast::<PyString>() {
                Ok(text) => labels.push(Some(text.to_cow()?.as_bytes())),
                Err(_) if is_missing(&item)? => labels.push(None),
                Err(_) => {
                    let got = format!("a {}", kind_of(&item));
                    return Err(self.arg.item(index).type_error(got, "a str, or None or NaN"));
                }
            };
            pushed.named(self.arg.function)?;
        }
        let Labels { codes, groups } =
            labels.finish(<[u8] as Ord>::cmp, |first, _| first as usize).named(self.arg.function)?;
        let groups = array.call_method1("take", (numpy(py, "asarray")?.call1((groups, "intp"))?,))?;
        Ok((codes, groups))
    }
}

/// An integer for a float, in the same order; zero is zero, whatever its sign.
fn in_order(number: f64) -> i64 {
    turned((number + 0.0).to_bits() as i64)
}

/// The bits of a float below zero are in the other order; this is its own inverse.
fn turned(bits: i64) -> i64 {
    bits ^ ((bits >> 63) as u64 >> 1) as i64
}

/// The order of texts whose code points have four bytes each.
fn by_code_point(a: &[u8], b: &[u8]) -> Ordering {
    let point = |bytes: &[u8]| u32::from_ne_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
    a.chunks_exact(4).map(point).cmp(b.chunks_exact(4).map(point))
}

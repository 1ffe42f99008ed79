//! What the function and the classes have in common: levels, and how elements become a result.

use half::f16;
use pyo3::prelude::*;
use pyo3::types::{PyFloat, PyInt};

use crate::bindings::argument::Arg;
use crate::bindings::array::{Input, Output};
use crate::dtype::{DType, Kind};
use crate::kernels::quantiles::{Found, Method, Ordered, Precision, between};

/// The name of a choice.
pub fn name_of<T: Copy + PartialEq>(choices: &[(&'static str, T)], choice: T) -> &'static str {
    choices.iter().find(|(_, other)| *other == choice).map_or("", |(name, _)| name)
}

/// The `q` argument.
pub struct Levels {
    pub values: Vec<f64>,
    pub shape: Vec<usize>,
    dtype: DType,
    /// Whether it is a number of Python's own, which has no say in the dtype of the result.
    is_weak: bool,
}

impl Levels {
    pub fn new(arg: Arg, q: &Bound<'_, PyAny>) -> PyResult<Self> {
        let is_weak = q.is_exact_instance_of::<PyFloat>() || q.is_exact_instance_of::<PyInt>();
        let input = Input::real(arg, q)?;
        let (shape, dtype) = (input.shape().to_vec(), input.dtype());
        if shape.len() > 2 {
            return Err(arg.value_error(format_args!("{} axes", shape.len()), "at most two"));
        }
        let input = input.cast(DType::F64)?;
        let values: Vec<f64> = input.view::<f64>().iter().copied().collect();
        match values.iter().find(|level| !(0.0..=1.0).contains(*level)) {
            Some(level) => Err(arg.value_error(level, "levels from 0 to 1")),
            None => Ok(Levels { values, shape, dtype, is_weak }),
        }
    }

    /// What shares are rounded to before they are compared with the levels.
    pub fn precision(&self) -> Precision {
        match self.dtype {
            DType::F16 => Precision::Half,
            DType::F32 => Precision::Single,
            _ => Precision::Double,
        }
    }

    /// The dtype of a quantile that lies between two elements; `None` if it is an element.
    fn interpolated(&self, dtype: DType, method: Method) -> Option<DType> {
        let is_float = self.dtype.kind() == Kind::Float;
        // At levels that are integers, 0 and 1, NumPy's default takes elements.
        if method.is_discrete() || (method == Method::Linear && !is_float) {
            return None;
        }
        let levels = if is_float { self.dtype } else { DType::F64 };
        Some(match dtype {
            DType::F16 | DType::F32 | DType::F64 if self.is_weak => dtype,
            _ if self.is_weak => DType::F64,
            // As NumPy promotes.
            DType::Bool | DType::I8 | DType::U8 => levels,
            DType::F16 if levels == DType::F16 => DType::F16,
            DType::F16 | DType::F32 | DType::I16 | DType::U16 if levels != DType::F64 => DType::F32,
            _ => DType::F64,
        })
    }

    /// The result for lines of this shape.
    pub fn output<'py, T: Ordered>(
        &self,
        py: Python<'py>,
        function: &'static str,
        shape: &[usize],
        method: Method,
        found: &Found<T>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let mut whole = self.shape.clone();
        whole.extend(shape);
        let interpolated = self.interpolated(T::DTYPE, method);
        let mut output = Output::new(py, function, interpolated.unwrap_or(T::DTYPE), &whole)?;
        match interpolated {
            None => self.fill(output.slice_mut::<T>(), found, |pair, _, _| pair[0]),
            Some(DType::F16) => {
                let number =
                    |pair, level, count| f16::from_f64(number(pair, level, count, method, Precision::Half));
                self.fill(output.slice_mut(), found, number);
            }
            Some(DType::F32) => {
                let number =
                    |pair, level, count| number(pair, level, count, method, Precision::Single) as f32;
                self.fill(output.slice_mut(), found, number);
            }
            Some(_) => {
                let number = |pair, level, count| number(pair, level, count, method, Precision::Double);
                self.fill(output.slice_mut(), found, number);
            }
        }
        output.finish_scalar()
    }

    /// Writes the quantiles: those of one level for all lines, then those of the next.
    fn fill<T: Ordered, R>(&self, out: &mut [R], found: &Found<T>, number: impl Fn([T; 2], f64, u64) -> R) {
        let (levels, lines) = (self.values.len(), found.counts.len());
        for (index, &level) in self.values.iter().enumerate() {
            for (line, &count) in found.counts.iter().enumerate() {
                out[index * lines + line] = number(found.pairs[line * levels + index], level, count);
            }
        }
    }
}

/// The quantile at a level that lies between two elements.
fn number<T: Ordered>([a, b]: [T; 2], level: f64, count: u64, method: Method, precision: Precision) -> f64 {
    match a.to_f64() {
        nan if nan.is_nan() => nan,
        from => between(from, b.to_f64(), a.distance(b), method.position(count, level).weight, precision),
    }
}

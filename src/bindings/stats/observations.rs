//! The elements of an array that are asked for, and the kernels that take them: all, along axes, or in groups.

use ndarray::ArrayViewD;
use pyo3::prelude::*;

use crate::bindings::array::Input;
use crate::bindings::call::Call;
use crate::dtype::{Bool, dispatch_real};
use crate::kernels::stats::{
    AnyMoments, Groups, Lines, along, along_weighted, grouped, grouped_weighted, whole,
};

/// The elements of `values` for which the `mask`, if there is one, is true.
pub(super) struct Observations<'a, 'py> {
    pub values: &'a Input<'py>,
    pub mask: Option<&'a Input<'py>>,
    /// As many as there are values.
    pub weights: Option<&'a Input<'py>>,
    /// Without NaN.
    pub skip_nan: bool,
}

impl<'a> Observations<'a, '_> {
    fn mask(&self) -> Option<ArrayViewD<'a, Bool>> {
        self.mask.map(|mask| mask.view::<Bool>())
    }

    fn weights(&self) -> Option<ArrayViewD<'a, f64>> {
        self.weights.map(|weights| weights.view::<f64>())
    }

    /// The state of all elements, each of which counts as one.
    pub(super) fn whole(&self, call: Call<'_, '_>) -> PyResult<AnyMoments> {
        let (mask, skip_nan) = (self.mask(), self.skip_nan);
        dispatch_real!(self.values.dtype(), T => {
            let elements = self.values.elements::<T>();
            call.run(|work| Ok(whole(elements, mask, skip_nan, work)?.into()))
        }, complex => unreachable!("complex input is refused"))
    }

    /// One state for each element of an array that has the other axes, in C order.
    pub(super) fn along(&self, axes: &[usize], call: Call<'_, '_>) -> PyResult<Lines> {
        let (mask, weights, skip_nan) = (self.mask(), self.weights(), self.skip_nan);
        dispatch_real!(self.values.dtype(), T => {
            let elements = self.values.view::<T>();
            call.run(|work| match weights {
                None => Ok(along(elements, mask, skip_nan, axes, work)?.into()),
                Some(weights) => Ok(along_weighted(elements, weights, mask, skip_nan, axes, work)?.into()),
            })
        }, complex => unreachable!("complex input is refused"))
    }

    /// The same for each of the groups, which are the last axis.
    pub(super) fn grouped(&self, groups: &Groups<'_>, axes: &[usize], call: Call<'_, '_>) -> PyResult<Lines> {
        let (mask, weights, skip_nan) = (self.mask(), self.weights(), self.skip_nan);
        dispatch_real!(self.values.dtype(), T => {
            let elements = self.values.view::<T>();
            call.run(|work| match weights {
                None => Ok(grouped(elements, groups, mask, skip_nan, axes, work)?.into()),
                Some(weights) => {
                    Ok(grouped_weighted(elements, groups, weights, mask, skip_nan, axes, work)?.into())
                }
            })
        }, complex => unreachable!("complex input is refused"))
    }
}

//! The axes of an image: rows, columns and channels.

use ndarray::{ArrayBase, ArrayView3, ArrayViewMut3, Axis, Ix2, Ix3, IxDyn, RawData};

use crate::alloc::try_vec;
use crate::error::Result;

/// Which axes are the rows and the columns, and where the channels are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Axes {
    /// The axis of the channels, if there is one.
    channel: Option<usize>,
}

/// What the Sobel operator is to give.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// The length of the gradient.
    Magnitude,
    /// The derivative from row to row.
    DownRows,
    /// The derivative along a row.
    AlongRow,
}

impl Axes {
    /// Of an array of two axes or, where one of them is that of the channels, of three.
    ///
    /// # Panics
    /// If the third axis is not the last possible one.
    pub fn new(channel: Option<usize>) -> Self {
        assert!(channel.is_none_or(|axis| axis < 3));
        Axes { channel }
    }

    /// How many axes the array has.
    pub fn ndim(self) -> usize {
        if self.channel.is_some() { 3 } else { 2 }
    }

    /// The derivative along an axis of the array, if it is not that of the channels.
    ///
    /// # Panics
    /// If the array has no such axis.
    pub fn operator(self, axis: usize) -> Option<Operator> {
        assert!(axis < self.ndim());
        // The first of the axes that are not the channels' is that of the rows.
        let rows = usize::from(self.channel == Some(0));
        let operator = if axis == rows { Operator::DownRows } else { Operator::AlongRow };
        (self.channel != Some(axis)).then_some(operator)
    }

    /// The planes of an array: rows, columns, channels.
    pub(super) fn planes<S: RawData>(self, array: ArrayBase<S, IxDyn>) -> Result<Vec<ArrayBase<S, Ix3>>>
    where
        ArrayBase<S, Ix3>: SplitAt,
    {
        let checked = "the number of axes was checked";
        let whole = match self.channel {
            None => array.into_dimensionality::<Ix2>().expect(checked).insert_axis(Axis(2)),
            Some(channel) => {
                let order = [[1, 2, 0], [0, 2, 1], [0, 1, 2]][channel];
                array.into_dimensionality::<Ix3>().expect(checked).permuted_axes(order)
            }
        };
        let channels = whole.len_of(Axis(2));
        let apart = matches!(self.channel, Some(0 | 1));
        let mut planes = try_vec(if apart { channels.max(1) } else { 1 })?;
        let mut others = whole;
        if apart {
            for _ in 1..channels {
                let (plane, remainder) = others.split_at(Axis(2), 1);
                planes.push(plane);
                others = remainder;
            }
        }
        planes.push(others);
        Ok(planes)
    }
}

/// A view that can be cut in two.
pub trait SplitAt: Sized {
    /// What is before `index` of an axis, and what is not.
    fn split_at(self, axis: Axis, index: usize) -> (Self, Self);
}

impl<T> SplitAt for ArrayView3<'_, T> {
    fn split_at(self, axis: Axis, index: usize) -> (Self, Self) {
        ArrayView3::split_at(self, axis, index)
    }
}

impl<T> SplitAt for ArrayViewMut3<'_, T> {
    fn split_at(self, axis: Axis, index: usize) -> (Self, Self) {
        ArrayViewMut3::split_at(self, axis, index)
    }
}

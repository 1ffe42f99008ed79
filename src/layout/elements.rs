//! What a kernel is given of an array.

use ndarray::{ArrayViewD, ArrayViewMutD};

/// The elements of an array, to be read.
///
/// Most arrays are contiguous, and for a short one the making of a view is most of the work: so
/// none is made of it.
#[derive(Debug, Clone)]
pub enum Elements<'a, T> {
    /// Contiguous in C order, of any shape.
    Contiguous(&'a [T]),
    /// Of any layout.
    Strided(ArrayViewD<'a, T>),
}

impl<T> Elements<'_, T> {
    /// How many there are.
    #[inline]
    pub fn len(&self) -> usize {
        match self {
            Elements::Contiguous(slice) => slice.len(),
            Elements::Strided(view) => view.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<'a, T> From<ArrayViewD<'a, T>> for Elements<'a, T> {
    fn from(view: ArrayViewD<'a, T>) -> Self {
        match view.to_slice() {
            Some(slice) => Elements::Contiguous(slice),
            None => Elements::Strided(view),
        }
    }
}

impl<'a, T> From<&'a [T]> for Elements<'a, T> {
    fn from(slice: &'a [T]) -> Self {
        Elements::Contiguous(slice)
    }
}

/// The elements of an array, to be written.
#[derive(Debug)]
pub enum ElementsMut<'a, T> {
    /// Contiguous in C order, of any shape.
    Contiguous(&'a mut [T]),
    /// Of any layout.
    Strided(ArrayViewMutD<'a, T>),
}

impl<'a, T> From<ArrayViewMutD<'a, T>> for ElementsMut<'a, T> {
    fn from(view: ArrayViewMutD<'a, T>) -> Self {
        if view.is_standard_layout() {
            let slice = view.into_slice().expect("contiguous, as has just been asked");
            return ElementsMut::Contiguous(slice);
        }
        ElementsMut::Strided(view)
    }
}

impl<'a, T> From<&'a mut [T]> for ElementsMut<'a, T> {
    fn from(slice: &'a mut [T]) -> Self {
        ElementsMut::Contiguous(slice)
    }
}

//! What is multiplied: how the shapes of two operands fit, and what a product of that shape costs.

use crate::alloc::{checked_size, try_vec};
use crate::dtype::DType;
use crate::error::{Error, Result, ShapeRule};
use crate::layout::broadcast_shapes;

/// The shape of a product: how many products of two matrices it is, and the sizes of each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MatmulShape {
    /// The axes before the last two, broadcast.
    pub batch: Vec<usize>,
    /// How many products.
    pub count: usize,
    /// Rows of a.
    pub m: usize,
    /// Columns of a, rows of b.
    pub k: usize,
    /// Columns of b.
    pub n: usize,
    /// Whether a is a vector, whose axis of rows is missing in the result.
    a_is_vector: bool,
    /// Whether b is a vector, whose axis of columns is missing in the result.
    b_is_vector: bool,
}

impl MatmulShape {
    /// The shape for operands of these shapes: a vector on the left is a row, one on the right a
    /// column, and that axis is missing in the result; the axes before the last two are broadcast.
    pub fn new(a: &[usize], b: &[usize]) -> Result<MatmulShape> {
        let mismatch = |rule| Error::Shapes { got: [a.to_vec(), b.to_vec()], rule };
        if a.is_empty() || b.is_empty() {
            return Err(mismatch(ShapeRule::Axes));
        }
        let (a_batch, m, k) = match *a {
            [k] => (&a[..0], 1, k),
            _ => (&a[..a.len() - 2], a[a.len() - 2], a[a.len() - 1]),
        };
        let (b_batch, rows, n) = match *b {
            [rows] => (&b[..0], rows, 1),
            _ => (&b[..b.len() - 2], b[b.len() - 2], b[b.len() - 1]),
        };
        if rows != k {
            return Err(mismatch(ShapeRule::Inner));
        }
        let batch = broadcast_shapes(a_batch, b_batch).ok_or_else(|| mismatch(ShapeRule::Batch))?;
        let count = match checked_size(&batch) {
            // Without results it does not matter how many products there would be.
            Err(_) if m == 0 || n == 0 => 0,
            count => count?,
        };
        checked_size(&[count, m, n])?;
        Ok(MatmulShape { batch, count, m, k, n, a_is_vector: a.len() == 1, b_is_vector: b.len() == 1 })
    }

    /// The axes of the result.
    pub fn result(&self) -> Result<Vec<usize>> {
        let mut axes = try_vec(self.batch.len() + 2)?;
        axes.extend_from_slice(&self.batch);
        axes.extend((!self.a_is_vector).then_some(self.m));
        axes.extend((!self.b_is_vector).then_some(self.n));
        Ok(axes)
    }

    /// The same for a stack on the left that is a single matrix, as its rows follow each other.
    pub fn of_one_matrix(&self) -> MatmulShape {
        MatmulShape { batch: Vec::new(), count: 1, m: self.count * self.m, ..*self }
    }

    /// The shape of `count` products of a row and a column of `k` elements.
    pub fn of_rows(count: usize, k: usize) -> MatmulShape {
        MatmulShape { batch: Vec::new(), count, m: 1, k, n: 1, a_is_vector: true, b_is_vector: true }
    }

    /// About how many nanoseconds it takes on one thread.
    #[inline]
    pub fn cost(&self, dtype: DType) -> usize {
        let &MatmulShape { count, m, k, n, .. } = self;
        let moved =
            m.saturating_mul(k).saturating_add(k.saturating_mul(n)).saturating_add(m.saturating_mul(n));
        let one = nanoseconds(dtype, m.saturating_mul(k).saturating_mul(n)) + moved / 8 + 10;
        one.saturating_mul(count)
    }
}

/// About how long one thread takes for so many multiply-adds.
#[inline]
fn nanoseconds(dtype: DType, flops: usize) -> usize {
    // How many it does in a nanosecond. Divided in each arm, as a division by a number that is not
    // known takes longer than all else that is done for a small product.
    match dtype {
        // Of a bit each, and those of four rows are one look-up.
        DType::Bool => flops / 1000,
        DType::I8 | DType::U8 => flops / 150,
        DType::I16 | DType::U16 => flops / 80,
        DType::I32 | DType::U32 | DType::F16 => flops / 40,
        DType::I64 | DType::U64 => flops / 10,
        DType::F32 => flops / 50,
        DType::F64 => flops / 25,
        DType::C64 => flops / 12,
        DType::C128 => flops / 6,
    }
}

//! Eight complex numbers side by side: vectors of their real and of their imaginary parts.
// Loops over lanes and blocks use an index: iterator adapters are not always inlined, and then
// not compiled for the CPU level.

use crate::simd::{F64x8, WithF64x8};

/// Eight complex numbers in memory.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
pub struct Block {
    /// Real parts.
    pub re: [f64; 8],
    /// Imaginary parts.
    pub im: [f64; 8],
}

impl Block {
    /// Eight zeros.
    pub const ZERO: Block = Block { re: [0.0; 8], im: [0.0; 8] };
}

/// Eight complex numbers in registers.
#[derive(Clone, Copy)]
pub struct Complex<V> {
    /// Real parts.
    pub re: V,
    /// Imaginary parts.
    pub im: V,
}

impl<V: F64x8> Complex<V> {
    /// From memory.
    #[inline(always)]
    pub fn load<S: WithF64x8<F64x8 = V>>(simd: S, from: &Block) -> Self {
        Complex { re: simd.load_f64x8(&from.re), im: simd.load_f64x8(&from.im) }
    }

    /// To memory.
    #[inline(always)]
    pub fn store(self, to: &mut Block) {
        self.re.store(&mut to.re);
        self.im.store(&mut to.im);
    }

    /// Eight times the same.
    #[inline(always)]
    pub fn splat<S: WithF64x8<F64x8 = V>>(simd: S, [re, im]: [f64; 2]) -> Self {
        Complex { re: simd.splat_f64x8(re), im: simd.splat_f64x8(im) }
    }

    /// `self + other`.
    #[inline(always)]
    pub fn add(self, other: Self) -> Self {
        Complex { re: self.re.add(other.re), im: self.im.add(other.im) }
    }

    /// `self - other`.
    #[inline(always)]
    pub fn sub(self, other: Self) -> Self {
        Complex { re: self.re.sub(other.re), im: self.im.sub(other.im) }
    }

    /// `self + i * other`.
    #[inline(always)]
    pub fn add_i(self, other: Self) -> Self {
        Complex { re: self.re.sub(other.im), im: self.im.add(other.re) }
    }

    /// `self - i * other`.
    #[inline(always)]
    pub fn sub_i(self, other: Self) -> Self {
        Complex { re: self.re.add(other.im), im: self.im.sub(other.re) }
    }

    /// `self * other`.
    #[inline(always)]
    pub fn mul(self, other: Self) -> Self {
        Complex {
            re: self.re.mul_sub(other.re, self.im.mul(other.im)),
            im: self.re.mul_add(other.im, self.im.mul(other.re)),
        }
    }

    /// `self * conjugate(other)`.
    #[inline(always)]
    pub fn mul_conj(self, other: Self) -> Self {
        Complex {
            re: self.re.mul_add(other.re, self.im.mul(other.im)),
            im: self.im.mul_sub(other.re, self.re.mul(other.im)),
        }
    }

    /// `i * self`.
    #[inline(always)]
    pub fn mul_i(self) -> Self {
        Complex { re: self.im.neg(), im: self.re }
    }

    /// Rows become columns.
    #[inline(always)]
    pub fn transpose(rows: [Self; 8]) -> [Self; 8] {
        // No `map`: what it is given is not always inlined, and then not compiled for the level.
        let [a, b, c, d, e, f, g, h] = rows;
        let re = V::transpose([a.re, b.re, c.re, d.re, e.re, f.re, g.re, h.re]);
        let im = V::transpose([a.im, b.im, c.im, d.im, e.im, f.im, g.im, h.im]);
        let mut columns = rows;
        for i in 0..8 {
            columns[i] = Complex { re: re[i], im: im[i] };
        }
        columns
    }
}

//! Vectors of eight doubles, and of eight complex numbers.
// Loops over lanes and blocks use an index: iterator adapters are not always inlined, and then
// not compiled for the CPU level.

/// Eight doubles. The portable one is an array; `x86` has those of AVX2 and AVX-512.
pub trait Vector: Copy {
    /// From memory.
    fn load(from: &[f64; 8]) -> Self;
    /// To memory.
    fn store(self, to: &mut [f64; 8]);
    /// Eight times the same.
    fn splat(value: f64) -> Self;
    /// `self + other`.
    fn add(self, other: Self) -> Self;
    /// `self - other`.
    fn sub(self, other: Self) -> Self;
    /// `self * other`.
    fn mul(self, other: Self) -> Self;
    /// `self * other + more`, with one or two roundings.
    fn mul_add(self, other: Self, more: Self) -> Self;
    /// `self * other - less`, with one or two roundings.
    fn mul_sub(self, other: Self, less: Self) -> Self;
    /// Rows become columns.
    fn transpose(rows: [Self; 8]) -> [Self; 8];
}

impl Vector for [f64; 8] {
    #[inline(always)]
    fn load(from: &[f64; 8]) -> Self {
        *from
    }

    #[inline(always)]
    fn store(self, to: &mut [f64; 8]) {
        *to = self;
    }

    #[inline(always)]
    fn splat(value: f64) -> Self {
        [value; 8]
    }

    #[inline(always)]
    fn add(mut self, other: Self) -> Self {
        for l in 0..8 {
            self[l] += other[l];
        }
        self
    }

    #[inline(always)]
    fn sub(mut self, other: Self) -> Self {
        for l in 0..8 {
            self[l] -= other[l];
        }
        self
    }

    #[inline(always)]
    fn mul(mut self, other: Self) -> Self {
        for l in 0..8 {
            self[l] *= other[l];
        }
        self
    }

    // `f64::mul_add` would call a function where the CPU has no such instruction.
    #[inline(always)]
    fn mul_add(self, other: Self, more: Self) -> Self {
        self.mul(other).add(more)
    }

    #[inline(always)]
    fn mul_sub(self, other: Self, less: Self) -> Self {
        self.mul(other).sub(less)
    }

    #[inline(always)]
    fn transpose(rows: [Self; 8]) -> [Self; 8] {
        let mut columns = [[0.0; 8]; 8];
        for (r, row) in rows.iter().enumerate() {
            for (c, &value) in row.iter().enumerate() {
                columns[c][r] = value;
            }
        }
        columns
    }
}

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

impl<V: Vector> Complex<V> {
    /// From memory.
    #[inline(always)]
    pub fn load(from: &Block) -> Self {
        Complex { re: V::load(&from.re), im: V::load(&from.im) }
    }

    /// To memory.
    #[inline(always)]
    pub fn store(self, to: &mut Block) {
        self.re.store(&mut to.re);
        self.im.store(&mut to.im);
    }

    /// Eight times the same.
    #[inline(always)]
    pub fn splat([re, im]: [f64; 2]) -> Self {
        Complex { re: V::splat(re), im: V::splat(im) }
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
        Complex { re: V::splat(0.0).sub(self.im), im: self.re }
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

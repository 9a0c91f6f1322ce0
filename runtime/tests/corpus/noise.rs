//! As `noise::NoiseFn`: a type and a const parameter, arrays by value, and blanket
//! impls for references and boxes.

use static_call::{static_call, static_dispatch};

use crate::proof::in_every_state;

#[static_dispatch(targets = 2, object = FastNoise)]
trait NoiseFn<T, const DIM: usize> {
    fn get(&self, point: [T; DIM]) -> f64;
}

impl<'a, T, M, const DIM: usize> NoiseFn<T, DIM> for &'a M
where
    M: NoiseFn<T, DIM> + ?Sized,
{
    fn get(&self, point: [T; DIM]) -> f64 {
        M::get(*self, point)
    }
}

impl<T, M, const DIM: usize> NoiseFn<T, DIM> for Box<M>
where
    M: NoiseFn<T, DIM> + ?Sized,
{
    fn get(&self, point: [T; DIM]) -> f64 {
        M::get(self, point)
    }
}

struct Constant(f64);

impl<T, const N: usize> NoiseFn<T, N> for Constant {
    fn get(&self, _: [T; N]) -> f64 {
        self.0
    }
}

/// A generator over others, generic as users' code is.
struct Add<T, A, B, const DIM: usize>(A, B, std::marker::PhantomData<T>)
where
    A: NoiseFn<T, DIM>,
    B: NoiseFn<T, DIM>;

impl<A, B, const DIM: usize> NoiseFn<f64, DIM> for Add<f64, A, B, DIM>
where
    A: NoiseFn<f64, DIM>,
    B: NoiseFn<f64, DIM>,
{
    fn get(&self, point: [f64; DIM]) -> f64 {
        self.0.get(point) + self.1.get(point) * point[0]
    }
}

#[test]
fn a_noise_function() {
    let plain: Box<dyn NoiseFn<f64, 3>> =
        Box::new(Add(Constant(1.5), Constant(2.0), std::marker::PhantomData));
    // Boxes of object types are noise functions, and generic code takes them.
    let inner: Box<dyn FastNoise<f64, 3>> = Box::new(Constant(1.5));
    let fast: Box<dyn FastNoise<f64, 3>> =
        Box::new(Add(inner, &Constant(2.0), std::marker::PhantomData));
    in_every_state(file!(), "get", || {
        let point = [3.0, 0.5, 0.25];
        let expected = (*plain).get(point).to_bits();
        assert_eq!(static_call!(plain.get(point)).to_bits(), expected);
        assert_eq!((*fast).get(point).to_bits(), expected);
    });
}

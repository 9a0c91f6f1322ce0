use static_call::{static_call, static_dispatch};

#[static_dispatch]
trait Expression {
    #[static_dispatch]
    fn value(&self, at: f64) -> f64;
}

struct Times(f64);

impl Expression for Times {
    fn value(&self, at: f64) -> f64 {
        self.0 * at
    }
}

fn main() {
    let twice: &dyn Expression = &Times(2.0);
    let thrice: Box<dyn Expression + Send + Sync> = Box::new(Times(3.0));
    assert_eq!(static_call!((twice.value(1.0))), 2.0);
    assert_eq!(static_call!(((twice).value(1.0))), 2.0);
    assert_eq!(static_call!(twice.value(1.0),), 2.0);
    assert_eq!(
        static_call!(twice.value(static_call!(thrice.value(1.0)))),
        6.0
    );
    assert_eq!(static_call! { twice.value(2.0) }, 4.0);
    assert_eq!(static_call![twice.value(2.0)] + 1.0, 5.0);
    assert_eq!(*&static_call!(twice.value(2.0)), 4.0);
}

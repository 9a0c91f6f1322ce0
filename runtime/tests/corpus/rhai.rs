//! As `rhai::Variant`: sealed, made by a blanket impl for everything that can be
//! cloned, with the traits' names only in documentation.

use std::any::{Any, type_name};

use static_call::{static_call, static_dispatch};

use crate::proof::in_every_state;

mod private {
    use std::any::Any;

    /// Nobody else implements it.
    pub(super) trait Sealed {}

    impl<T: Any + Clone> Sealed for T {}
}

/// Any type.
#[static_dispatch(targets = 2, object = FastVariant)]
trait Variant: Any + private::Sealed {
    /// Converts this [`Variant`] to [`&dyn Any`][Any].
    #[must_use]
    fn as_any(&self) -> &dyn Any;
    #[must_use]
    fn as_any_mut(&mut self) -> &mut dyn Any;
    #[must_use]
    fn as_boxed_any(self: Box<Self>) -> Box<dyn Any>;
    #[must_use]
    fn type_name(&self) -> &'static str;
    #[must_use]
    #[static_dispatch(skip)]
    fn clone_object(&self) -> Box<dyn Variant>;
}

impl<T: Any + Clone> Variant for T {
    fn as_any(&self) -> &dyn Any {
        self
    }
    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }
    fn as_boxed_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }
    fn type_name(&self) -> &'static str {
        type_name::<T>()
    }
    fn clone_object(&self) -> Box<dyn Variant> {
        Box::new(self.clone())
    }
}

impl dyn Variant {
    fn is<T: Any>(&self) -> bool {
        self.as_any().is::<T>()
    }
}

#[test]
fn a_variant() {
    let mut plain: Box<dyn Variant> = Box::new(7_i64);
    let mut fast: Box<dyn FastVariant> = Box::new(7_i64);
    in_every_state(file!(), "type_name", || {
        assert_eq!(static_call!(plain.type_name()), "i64");
        assert_eq!((*fast).type_name(), "i64");
    });
    in_every_state(file!(), "as_any_mut", || {
        let by_site = static_call!(plain.as_any_mut()).downcast_mut::<i64>();
        *by_site.expect("it is one") += 1;
        let by_object = (*fast).as_any_mut().downcast_mut::<i64>();
        *by_object.expect("it is one") += 1;
    });
    assert!((*plain).is::<i64>());
    assert_eq!(
        static_call!(plain.as_any()).downcast_ref::<i64>(),
        (*fast).as_any().downcast_ref::<i64>()
    );
    assert!((*fast).clone_object().is::<i64>());
    assert!(plain.as_boxed_any().is::<i64>() && fast.as_boxed_any().is::<i64>());
}

//! As `tracing_core::field::Visit`: one method per type of value, wide integers, error
//! objects, conditional methods, and impls for the standard library's builders.

use std::error::Error;
use std::fmt::{self, Debug};

use static_call::{static_call, static_dispatch};

use crate::proof::in_every_state;

struct Field(&'static str);

#[static_dispatch(targets = 2, object = FastVisit)]
trait Visit {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.record_debug(field, &value);
    }
    fn record_i128(&mut self, field: &Field, value: i128) {
        self.record_debug(field, &value);
    }
    fn record_bool(&mut self, field: &Field, value: bool) {
        self.record_debug(field, &value);
    }
    fn record_str(&mut self, field: &Field, value: &str) {
        self.record_debug(field, &value);
    }
    #[cfg(test)]
    #[cfg_attr(docsrs, doc(cfg(feature = "std")))]
    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        self.record_debug(field, &format_args!("{value}"));
    }
    #[cfg(not(test))]
    fn record_nothing(&mut self, missing: &Missing);
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug);
}

impl<'a, 'b> Visit for fmt::DebugStruct<'a, 'b> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.field(field.0, value);
    }
}

impl<F> Visit for F
where
    F: FnMut(&Field, &dyn fmt::Debug),
{
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self(field, value);
    }
}

#[derive(Default)]
struct Text(String);

impl Text {
    fn visitor(&mut self) -> impl FnMut(&Field, &dyn Debug) + '_ {
        |field, value| self.0 += &format!("{}={value:?};", field.0)
    }
}

#[test]
fn a_visitor() {
    let mut texts: [Text; 3] = Default::default();
    in_every_state(file!(), "record_i128", || {
        let [plain, by_site, by_object] = &mut texts;
        let (mut plainly, mut through, mut fast) =
            (plain.visitor(), by_site.visitor(), by_object.visitor());
        let plainly: &mut dyn Visit = &mut plainly;
        let through: &mut dyn Visit = &mut through;
        let fast: &mut dyn FastVisit = &mut fast;
        plainly.record_i128(&Field("wide"), i128::MIN);
        static_call!(through.record_i128(&Field("wide"), i128::MIN));
        fast.record_i128(&Field("wide"), i128::MIN);
    });
    in_every_state(file!(), "record_error", || {
        let [plain, by_site, by_object] = &mut texts;
        let (mut plainly, mut through, mut fast) =
            (plain.visitor(), by_site.visitor(), by_object.visitor());
        let plainly: &mut dyn Visit = &mut plainly;
        let through: &mut dyn Visit = &mut through;
        let fast: &mut dyn FastVisit = &mut fast;
        plainly.record_error(&Field("error"), &fmt::Error);
        static_call!(through.record_error(&Field("error"), &fmt::Error));
        fast.record_error(&Field("error"), &fmt::Error);
        fast.record_f64(&Field("float"), 0.5);
        through.record_f64(&Field("float"), 0.5);
        plainly.record_f64(&Field("float"), 0.5);
    });
    let [plain, by_site, by_object] = texts;
    assert!(plain.0.contains("wide=-1701") && plain.0.contains("error="));
    assert_eq!(by_site.0, plain.0);
    assert_eq!(by_object.0, plain.0);
}

/// A builder borrows from a formatter; its objects are not `'static`.
struct Shown;

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut builder = f.debug_struct("Shown");
        {
            let visit: &mut dyn FastVisit = &mut builder;
            visit.record_bool(&Field("yes"), true);
        }
        let visit: &mut dyn Visit = &mut builder;
        static_call!(visit.record_str(&Field("text"), "t"));
        builder.finish()
    }
}

#[test]
fn a_visitor_that_borrows() {
    assert_eq!(Shown.to_string(), "Shown { yes: true, text: \"t\" }");
}

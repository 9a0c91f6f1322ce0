//! As `tracing_core::Subscriber`: `'static`, borrowed data with `'static` inside, a
//! deprecated method that a default calls, an unsafe one, an inherent impl.

use std::any::TypeId;

use static_call::{static_call, static_dispatch};

use crate::proof::in_every_state;

#[derive(Debug, PartialEq)]
struct Metadata<'a> {
    name: &'a str,
    level: u8,
}

#[derive(Debug, PartialEq)]
enum Interest {
    Never,
    Always,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Id(u64);

struct Attributes<'a> {
    metadata: &'static Metadata<'static>,
    values: &'a [u64],
}

#[static_dispatch(targets = 2, object = FastSubscriber)]
trait Subscriber: 'static {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if self.enabled(metadata) {
            Interest::Always
        } else {
            Interest::Never
        }
    }
    fn enabled(&self, metadata: &Metadata<'_>) -> bool;
    fn max_level_hint(&self) -> Option<u8> {
        None
    }
    fn new_span(&self, span: &Attributes<'_>) -> Id;
    fn record_follows_from(&self, span: &Id, follows: &Id);
    fn clone_span(&self, id: &Id) -> Id {
        *id
    }
    #[deprecated(since = "0.1.2", note = "use `Subscriber::try_close` instead")]
    fn drop_span(&self, _id: Id) {}
    fn try_close(&self, id: Id) -> bool {
        #[allow(deprecated)]
        self.drop_span(id);
        false
    }
    /// # Safety
    /// The pointer is to a value of the type that was asked for.
    unsafe fn downcast_raw(&self, id: TypeId) -> Option<*const ()> {
        (id == TypeId::of::<Self>()).then_some(std::ptr::from_ref(self).cast())
    }
}

impl dyn Subscriber {
    fn downcast_ref<T: Subscriber>(&self) -> Option<&T> {
        // SAFETY: `downcast_raw` gives what it was asked for.
        unsafe { Some(&*self.downcast_raw(TypeId::of::<T>())?.cast()) }
    }
}

struct Filter(u8);

impl Subscriber for Filter {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level <= self.0
    }
    fn new_span(&self, span: &Attributes<'_>) -> Id {
        Id(span.values.iter().sum::<u64>() + u64::from(span.metadata.level))
    }
    fn record_follows_from(&self, _: &Id, _: &Id) {}
}

static METADATA: Metadata<'static> = Metadata {
    name: "span",
    level: 2,
};

#[test]
fn a_subscriber() {
    let plain: Box<dyn Subscriber + Send + Sync> = Box::new(Filter(2));
    let fast: Box<dyn FastSubscriber + Send + Sync> = Box::new(Filter(2));
    in_every_state(file!(), "enabled", || {
        for level in 0..4 {
            let name = String::from("name");
            let metadata = Metadata { name: &name, level };
            let expected = plain.enabled(&metadata);
            assert_eq!(static_call!(plain.enabled(&metadata)), expected);
            assert_eq!(fast.enabled(&metadata), expected);
        }
    });
    in_every_state(file!(), "new_span", || {
        let values = vec![1, 2];
        let span = Attributes {
            metadata: &METADATA,
            values: &values,
        };
        assert_eq!(static_call!(plain.new_span(&span)), plain.new_span(&span));
        assert_eq!(fast.new_span(&span), plain.new_span(&span));
    });
    in_every_state(file!(), "downcast_raw", || {
        // SAFETY: nothing is done with the pointers.
        let found = unsafe {
            let by_site = static_call!(plain.downcast_raw(TypeId::of::<Filter>()));
            let by_object = fast.downcast_raw(TypeId::of::<Filter>());
            (by_site.is_some(), by_object.is_some())
        };
        assert_eq!(found, (true, true));
    });
    assert_eq!(
        static_call!(plain.register_callsite(&METADATA)),
        Interest::Always
    );
    assert!(!fast.try_close(Id(1)) && fast.clone_span(&Id(1)) == Id(1));
    let plain: Box<dyn Subscriber> = plain;
    assert_eq!(
        plain.downcast_ref::<Filter>().map(|filter| filter.0),
        Some(2)
    );
}

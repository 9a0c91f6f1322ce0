//! What is called, and what it must answer.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use static_call::runtime::PluginBox;
use static_call::{static_call, static_dispatch};
use static_call_fixture_api::{Answer, Filter};

#[static_dispatch(targets = 2)]
pub(crate) trait Tagged: Sync + Send {
    fn tagged(&self, x: u64) -> u64;
    fn described(&self, x: u64) -> (u64, String);
    fn unwinds(&self, x: u64) -> u64;
}

/// Implementations of one layout: nothing but the answer tells them apart.
pub(crate) struct Kind<const TAG: u64>(u64);

/// What a call panics with.
pub(crate) struct Thrown(pub(crate) u64);

impl<const TAG: u64> Tagged for Kind<TAG> {
    fn tagged(&self, x: u64) -> u64 {
        answer(TAG, self.0, x)
    }

    fn described(&self, x: u64) -> (u64, String) {
        (answer(TAG, self.0, x), TAG.to_string())
    }

    fn unwinds(&self, x: u64) -> u64 {
        // Without the hook, which prints.
        resume_unwind(Box::new(Thrown(answer(TAG, self.0, x))))
    }
}

fn answer(tag: u64, data: u64, x: u64) -> u64 {
    tag << 56 | (data ^ x).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 8
}

pub(crate) struct Object {
    pub(crate) tagged: Box<dyn Tagged>,
    tag: u64,
    data: u64,
}

fn object<const TAG: u64>() -> Object {
    let data = 77 + TAG;
    Object {
        tagged: Box::new(Kind::<TAG>(data)),
        tag: TAG,
        data,
    }
}

/// How many kinds there are.
pub(crate) const KINDS: usize = 6;

pub(crate) fn one_of_each() -> [Object; KINDS] {
    [
        object::<0>(),
        object::<1>(),
        object::<2>(),
        object::<3>(),
        object::<4>(),
        object::<5>(),
    ]
}

impl Object {
    /// One call at each of a few sites.
    pub(crate) fn call(&self, x: u64) -> u64 {
        let expected = answer(self.tag, self.data, x);
        let object = &*self.tagged;
        assert_eq!(static_call!(object.tagged(x)), expected);
        assert_eq!(static_call!(self.tagged.tagged(x)), expected);
        assert_eq!(at_a_generic_site::<u8>(object, x), expected);
        assert_eq!(at_a_generic_site::<u16>(object, x), expected);
        let inlined = static_call!(object.tagged(x), inline = [Kind<0>, Kind<3>, Kind<5>]);
        assert_eq!(inlined, expected);
        5
    }

    /// A result that does not fit into registers, and one that is a panic.
    pub(crate) fn call_rarely(&self, x: u64) -> u64 {
        let expected = answer(self.tag, self.data, x);
        let object = &*self.tagged;
        let (answer, tag) = static_call!(object.described(x));
        assert_eq!((answer, tag), (expected, self.tag.to_string()));
        let call = AssertUnwindSafe(|| static_call!(self.tagged.unwinds(x)));
        let unwound = catch_unwind(call);
        let thrown = unwound.expect_err("it always does").downcast::<Thrown>();
        assert_eq!(thrown.ok().map(|thrown| thrown.0), Some(expected));
        2
    }
}

/// One site with a trampoline for each instantiation.
#[inline(never)]
fn at_a_generic_site<T>(object: &dyn Tagged, x: u64) -> u64 {
    let _: Option<T> = None;
    static_call!(object.tagged(x))
}

/// An object of a plugin, which goes when the last of these does.
pub(crate) struct Foreign {
    pub(crate) filter: PluginBox<dyn Filter>,
    pub(crate) key: u64,
    /// The other plugin's, which computes something else.
    pub(crate) other: bool,
}

impl Foreign {
    /// A call of the host's, and calls of the plugin's at a site of its own.
    pub(crate) fn call(&mut self, x: u64) -> u64 {
        let expected = if self.other {
            x ^ self.key
        } else {
            x.wrapping_add(self.key)
        };
        let filter = &mut *self.filter;
        assert_eq!(static_call!(filter.apply(x)), expected);
        let sum = |n: u64| (0..20).map(|x| x + n).sum::<u64>();
        let answered = if x.is_multiple_of(3) {
            (self.filter.ask(&Plus::<1>, 20), sum(1))
        } else {
            (self.filter.ask(&Plus::<2>, 20), sum(2))
        };
        assert_eq!(answered.0, answered.1);
        21
    }
}

/// The host's objects that plugins call.
struct Plus<const N: u64>;

impl<const N: u64> Answer for Plus<N> {
    fn answer(&self, x: u64) -> u64 {
        x + N
    }
}

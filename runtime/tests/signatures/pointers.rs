//! References, slices, function pointers and closures, raw pointers.

use static_call::static_dispatch;

use crate::kind::Kind;
use crate::signature;

type Callback = fn(u32) -> u32;

#[static_dispatch(targets = 1)]
trait Pointers {
    fn text(&self, text: &str) -> usize;
    fn static_text(&self, text: &'static str) -> &'static str;
    fn bytes(&self, source: &[u8], into: &mut Vec<u8>) -> usize;
    fn in_place(&mut self, items: &mut [u32]) -> u32;
    fn scalars(&mut self, first: &u8, second: &mut f64) -> bool;
    fn array(&self, items: &[u16; 4], rest: &[u16]) -> u64;
    fn references(&self, nested: &&&str, names: &[&str]) -> String;
    fn function(&self, function: fn(u32) -> u32, argument: u32) -> u32;
    fn named_function(&self, function: Callback) -> Callback;
    fn c_function(&self, function: unsafe extern "C" fn(u8) -> u8) -> u8;
    fn generic_function(&self, function: for<'a> fn(&'a str) -> &'a str) -> String;
    fn boxed(&mut self, function: Box<dyn Fn(u32) -> u32>) -> Box<dyn Fn(u32) -> u32>;
    fn once(&self, function: Box<dyn FnOnce() -> String + Send>) -> String;
    fn borrowed(&self, function: &dyn Fn(&str) -> usize) -> usize;
    fn mutable(&mut self, function: &mut dyn FnMut(u32)) -> u32;
    fn any(&self, value: &(dyn std::any::Any + Send)) -> Option<u8>;
    fn raw(&self, pointer: *const u8, target: *mut u8) -> *mut u8;
    fn raw_slice(&self, pointer: *const [u8]) -> *const [u8];
    fn optional(&self, text: Option<&str>, other: Option<&mut u8>) -> usize;
    fn shared(&self, text: std::sync::Arc<str>, other: std::rc::Rc<u8>) -> std::sync::Arc<str>;
}

impl<const SEED: u64> Pointers for Kind<SEED> {
    fn text(&self, text: &str) -> usize {
        text.len() + self.name.len()
    }
    fn static_text(&self, text: &'static str) -> &'static str {
        &text[usize::from(self.bytes[0])..]
    }
    fn bytes(&self, source: &[u8], into: &mut Vec<u8>) -> usize {
        into.extend(source.iter().rev());
        into.extend(self.bytes);
        into.len()
    }
    fn in_place(&mut self, items: &mut [u32]) -> u32 {
        self.calls += 1;
        items.rotate_left(1);
        items[0] + u32::from(self.bytes[2])
    }
    fn scalars(&mut self, first: &u8, second: &mut f64) -> bool {
        *second += f64::from(*first);
        *second > 3.0
    }
    fn array(&self, items: &[u16; 4], rest: &[u16]) -> u64 {
        items
            .iter()
            .chain(rest)
            .fold(SEED, |sum, item| sum * 31 + u64::from(*item))
    }
    fn references(&self, nested: &&&str, names: &[&str]) -> String {
        names.join(nested) + &self.name
    }
    fn function(&self, function: fn(u32) -> u32, argument: u32) -> u32 {
        function(argument) + u32::from(self.bytes[1])
    }
    fn named_function(&self, function: Callback) -> Callback {
        if SEED == 3 { function } else { |value| value }
    }
    fn c_function(&self, function: unsafe extern "C" fn(u8) -> u8) -> u8 {
        // SAFETY: the only one given is safe.
        unsafe { function(self.bytes[1]) }
    }
    fn generic_function(&self, function: for<'a> fn(&'a str) -> &'a str) -> String {
        function(&self.name).to_owned()
    }
    fn boxed(&mut self, function: Box<dyn Fn(u32) -> u32>) -> Box<dyn Fn(u32) -> u32> {
        self.calls += 1;
        let calls = u32::try_from(self.calls).unwrap();
        Box::new(move |value| function(value) + calls)
    }
    fn once(&self, function: Box<dyn FnOnce() -> String + Send>) -> String {
        function() + &self.name
    }
    fn borrowed(&self, function: &dyn Fn(&str) -> usize) -> usize {
        function(&self.name)
    }
    fn mutable(&mut self, function: &mut dyn FnMut(u32)) -> u32 {
        function(1);
        function(2);
        3
    }
    fn any(&self, value: &(dyn std::any::Any + Send)) -> Option<u8> {
        value.downcast_ref().map(|value: &u8| value + self.bytes[0])
    }
    fn raw(&self, pointer: *const u8, target: *mut u8) -> *mut u8 {
        if pointer.is_null() {
            target
        } else {
            pointer.cast_mut()
        }
    }
    fn raw_slice(&self, pointer: *const [u8]) -> *const [u8] {
        pointer
    }
    fn optional(&self, text: Option<&str>, other: Option<&mut u8>) -> usize {
        let other = other.map_or(0, |other| {
            *other += 1;
            *other
        });
        text.map_or(0, str::len) + usize::from(other)
    }
    fn shared(&self, text: std::sync::Arc<str>, other: std::rc::Rc<u8>) -> std::sync::Arc<str> {
        format!("{text} {other} {}", self.name).into()
    }
}

fn twice(value: u32) -> u32 {
    value * 2
}

extern "C" fn thrice(value: u8) -> u8 {
    value * 3
}

static BYTES: [u8; 3] = [1, 2, 3];

signature!(a_text_is_borrowed: dyn Pointers; text("borrowed"));
signature!(a_static_text_stays_static: dyn Pointers; static_text("static")
    => |text| std::convert::identity::<&'static str>(text));
signature!(a_slice_is_read_and_a_vector_written: dyn Pointers;
    { let mut into = vec![9]; }
    bytes(b"source", &mut into) => |length| (length, into));
signature!(a_slice_is_changed_in_place: dyn Pointers;
    { let mut items = [1, 2, 3]; }
    in_place(&mut items) => |first| (first, items));
signature!(references_to_scalars_are_read_and_written: dyn Pointers;
    { let mut second = 2.5; }
    scalars(&4, &mut second) => |large| (large, second));
signature!(thin_and_wide_references_keep_apart: dyn Pointers; array(&[1, 2, 3, 4], &[5, 6]));
signature!(references_nest: dyn Pointers; references(&&&", ", &["a", "b"]));
signature!(a_function_pointer_is_called: dyn Pointers; function(twice, 21));
signature!(a_function_pointer_comes_back_under_an_alias: dyn Pointers; named_function(twice)
    => |function| function(21));
signature!(a_c_function_pointer_is_called: dyn Pointers; c_function(thrice));
signature!(a_higher_ranked_function_pointer_is_called: dyn Pointers; generic_function(str::trim));
signature!(a_boxed_closure_comes_and_goes: dyn Pointers;
    { let offset = 5; }
    boxed(Box::new(move |value| value + offset)) => |function| function(1));
signature!(a_boxed_closure_is_used_up: dyn Pointers;
    { let text = String::from("once "); }
    once(Box::new(move || text)));
signature!(a_borrowed_closure_is_called: dyn Pointers;
    { let offset = 5; }
    borrowed(&|text| text.len() + offset));
signature!(a_mutably_borrowed_closure_is_called: dyn Pointers;
    { let mut seen = Vec::new(); }
    mutable(&mut |value| seen.push(value)) => |result| (result, seen));
signature!(a_trait_object_is_an_argument: dyn Pointers; any(&7_u8));
signature!(raw_pointers_come_and_go: dyn Pointers;
    { let mut target = 8; }
    raw(std::ptr::null(), &raw mut target)
    // SAFETY: it is the pointer to `target`.
    => |pointer| unsafe { *pointer });
signature!(raw_wide_pointers_come_and_go: dyn Pointers; raw_slice(&raw const BYTES[1..])
    => |slice| (slice.cast::<u8>().addr(), slice.len()));
signature!(optional_references_are_read_and_written: dyn Pointers;
    { let mut other = 8; }
    optional(Some("four"), Some(&mut other)) => |sum| (sum, other));
signature!(shared_pointers_come_and_go: dyn Pointers; shared("shared".into(), 7.into()));

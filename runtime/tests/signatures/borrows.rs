//! Lifetimes: elided, named, hidden in paths; results that borrow.

use std::borrow::Cow;
use std::fmt;

use static_call::static_dispatch;

use crate::kind::Kind;
use crate::signature;

#[derive(Debug, PartialEq, Clone, Copy)]
struct View<'a> {
    text: &'a str,
    from: usize,
}

#[allow(
    elided_lifetimes_in_paths,
    mismatched_lifetime_syntaxes,
    clippy::needless_lifetimes,
    clippy::elidable_lifetime_names,
    clippy::extra_unused_lifetimes,
    clippy::needless_arbitrary_self_type,
    reason = "spellings are what is tested"
)]
#[static_dispatch(targets = 1)]
trait Borrows {
    fn of_self(&self) -> &str;
    fn of_self_mutably(&mut self) -> &mut u64;
    fn of_self_among_others(&self, other: &str, more: &mut Vec<u8>) -> &str;
    fn named<'a>(&'a self, other: &str) -> &'a str;
    fn of_argument<'a>(&self, other: &'a str) -> &'a str;
    fn of_argument_mutably<'a>(&mut self, other: &'a mut [u8]) -> &'a mut u8;
    fn of_either<'a, 'b: 'a>(&'a self, other: &'b str, own: bool) -> &'a str;
    fn outliving<'a, 'b>(&'a self, other: View<'b>) -> View<'a>
    where
        'b: 'a;
    fn only_in_the_result<'a>(&self) -> &'a str;
    fn only_in_a_moved_argument<'a>(&self, view: View<'a>) -> &'a str;
    fn unused<'a>(&self) -> u8;
    fn hidden(&self, view: View) -> usize;
    fn hidden_in_result(&self) -> View;
    fn anonymous(&self, view: &View<'_>) -> View<'_>;
    fn slice_of_self(&self) -> &[u8];
    fn array_of_self(&self) -> &[u8; 4];
    fn object_of_self(&self) -> &dyn fmt::Debug;
    fn optional(&self) -> Option<&str>;
    fn cow<'a>(&self, text: &'a str) -> Cow<'a, str>;
    fn iterator(&self) -> Box<dyn Iterator<Item = u8> + '_>;
    fn iterator_of_both<'a>(&'a self, other: &'a [u8]) -> Box<dyn Iterator<Item = &'a u8> + 'a>;
    fn format(&self, formatter: &mut fmt::Formatter) -> fmt::Result;
    fn explicit(self: &Self) -> u64;
    fn explicit_mutably(self: &mut Self, by: u64) -> u64;
    fn explicit_and_named<'a>(self: &'a Self) -> &'a str;
}

#[allow(
    elided_lifetimes_in_paths,
    mismatched_lifetime_syntaxes,
    clippy::needless_lifetimes,
    clippy::elidable_lifetime_names,
    clippy::extra_unused_lifetimes,
    clippy::needless_arbitrary_self_type,
    reason = "as above"
)]
impl<const SEED: u64> Borrows for Kind<SEED> {
    fn of_self(&self) -> &str {
        &self.name
    }
    fn of_self_mutably(&mut self) -> &mut u64 {
        &mut self.calls
    }
    fn of_self_among_others(&self, other: &str, more: &mut Vec<u8>) -> &str {
        more.extend(other.bytes());
        &self.name[1..]
    }
    fn named<'a>(&'a self, other: &str) -> &'a str {
        &self.name[other.len()..]
    }
    fn of_argument<'a>(&self, other: &'a str) -> &'a str {
        &other[usize::from(self.bytes[0])..]
    }
    fn of_argument_mutably<'a>(&mut self, other: &'a mut [u8]) -> &'a mut u8 {
        self.calls += 1;
        &mut other[usize::from(self.bytes[0])]
    }
    fn of_either<'a, 'b: 'a>(&'a self, other: &'b str, own: bool) -> &'a str {
        if own { &self.name } else { other }
    }
    fn outliving<'a, 'b>(&'a self, other: View<'b>) -> View<'a>
    where
        'b: 'a,
    {
        View { from: 2, ..other }
    }
    fn only_in_the_result<'a>(&self) -> &'a str {
        "constant"
    }
    fn only_in_a_moved_argument<'a>(&self, view: View<'a>) -> &'a str {
        view.text
    }
    fn unused<'a>(&self) -> u8 {
        self.bytes[2]
    }
    fn hidden(&self, view: View) -> usize {
        view.text.len() + view.from
    }
    fn hidden_in_result(&self) -> View {
        View {
            text: &self.name,
            from: 1,
        }
    }
    fn anonymous(&self, view: &View<'_>) -> View<'_> {
        View {
            text: &self.name,
            ..*view
        }
    }
    fn slice_of_self(&self) -> &[u8] {
        &self.bytes[1..]
    }
    fn array_of_self(&self) -> &[u8; 4] {
        &self.bytes
    }
    fn object_of_self(&self) -> &dyn fmt::Debug {
        &self.name
    }
    fn optional(&self) -> Option<&str> {
        self.name.get(2..)
    }
    fn cow<'a>(&self, text: &'a str) -> Cow<'a, str> {
        if SEED == 3 {
            Cow::Borrowed(text)
        } else {
            Cow::Owned(self.name.clone())
        }
    }
    fn iterator(&self) -> Box<dyn Iterator<Item = u8> + '_> {
        Box::new(self.bytes.iter().rev().copied())
    }
    fn iterator_of_both<'a>(&'a self, other: &'a [u8]) -> Box<dyn Iterator<Item = &'a u8> + 'a> {
        Box::new(self.bytes.iter().chain(other))
    }
    fn format(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        write!(formatter, "<{}>", self.name)
    }
    fn explicit(self: &Self) -> u64 {
        self.calls
    }
    fn explicit_mutably(self: &mut Self, by: u64) -> u64 {
        self.calls += by;
        self.calls
    }
    fn explicit_and_named<'a>(self: &'a Self) -> &'a str {
        &self.name
    }
}

const VIEW: View<'static> = View {
    text: "view",
    from: 3,
};

signature!(a_result_borrows_from_self: dyn Borrows; of_self() => |text| text.to_owned());
signature!(a_result_borrows_from_self_mutably: dyn Borrows; of_self_mutably() => |calls| {
    *calls += 1;
    *calls
});
signature!(an_elided_lifetime_is_that_of_self: dyn Borrows;
    { let (other, mut more) = (String::from("other"), Vec::new()); }
    of_self_among_others(&other, &mut more) => |text| (text.to_owned(), more));
signature!(a_named_lifetime_may_be_that_of_self: dyn Borrows; named(&String::from("ab"))
    => |text| text.to_owned());
signature!(a_result_borrows_from_an_argument: dyn Borrows;
    { let other = String::from("argument"); }
    of_argument(&other) => |text| text.to_owned());
signature!(a_result_borrows_from_an_argument_mutably: dyn Borrows;
{ let mut other = [1, 2, 3]; }
of_argument_mutably(&mut other) => |byte| {
    *byte += 40;
    other
});
signature!(a_lifetime_may_have_a_bound: dyn Borrows;
    { let other = String::from("argument"); }
    of_either(&other, false) => |text| text.to_owned());
signature!(a_lifetime_may_have_a_where_clause: dyn Borrows; outliving(VIEW)
    => |view| (view.text.to_owned(), view.from));
signature!(a_lifetime_may_stand_in_the_result_alone: dyn Borrows; only_in_the_result());
signature!(a_lifetime_may_stand_in_a_moved_argument: dyn Borrows;
    { let text = String::from("text"); }
    only_in_a_moved_argument(View { text: &text, from: 0 }) => |text| text.to_owned());
signature!(a_lifetime_may_be_unused: dyn Borrows; unused());
signature!(a_lifetime_may_be_hidden_in_an_arguments_path: dyn Borrows; hidden(VIEW));
signature!(a_lifetime_may_be_hidden_in_the_results_path: dyn Borrows; hidden_in_result()
    => |view| (view.text.to_owned(), view.from));
signature!(an_anonymous_lifetime_is_that_of_self: dyn Borrows; anonymous(&VIEW)
    => |view| (view.text.to_owned(), view.from));
signature!(a_slice_of_self_is_returned: dyn Borrows; slice_of_self() => |bytes| bytes.to_vec());
signature!(an_array_of_self_is_returned: dyn Borrows; array_of_self() => |bytes| *bytes);
signature!(an_object_of_self_is_returned: dyn Borrows; object_of_self()
    => |object| format!("{object:?}"));
signature!(an_optional_borrow_is_returned: dyn Borrows; optional()
    => |text| text.map(str::to_owned));
signature!(a_cow_of_an_argument_is_returned: dyn Borrows;
    { let text = String::from("text"); }
    cow(&text) => |cow| (matches!(cow, Cow::Borrowed(_)), cow.into_owned()));
signature!(a_boxed_iterator_of_self_is_returned: dyn Borrows; iterator()
    => |bytes| bytes.collect::<Vec<_>>());
signature!(a_boxed_iterator_of_self_and_an_argument_is_returned: dyn Borrows;
    { let other = vec![7, 8]; }
    iterator_of_both(&other) => |bytes| bytes.copied().collect::<Vec<_>>());
signature!(the_type_of_self_may_be_spelled_out: dyn Borrows; explicit());
signature!(the_mutable_type_of_self_may_be_spelled_out: dyn Borrows; explicit_mutably(2));
signature!(the_type_of_self_may_have_a_named_lifetime: dyn Borrows; explicit_and_named()
    => |text| text.to_owned());

/// A formatter cannot be made, only passed on.
struct Formatted<F>(F);

impl<F: Fn(&mut fmt::Formatter<'_>) -> fmt::Result> fmt::Display for Formatted<F> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        (self.0)(formatter)
    }
}

#[test]
fn a_formatter_hides_its_lifetime() {
    crate::proof::prove::<dyn Borrows, _>(
        (file!(), "format"),
        std::any::type_name::<crate::kind::Learned>(),
        || {
            [
                Box::new(crate::kind::Learned::default()) as Box<dyn Borrows>,
                Box::new(crate::kind::Stranger::default()),
            ]
        },
        |object| {
            format!(
                "{:>4}",
                Formatted(|to: &mut fmt::Formatter<'_>| object.format(to))
            )
        },
        |object| {
            let call = |to: &mut fmt::Formatter<'_>| crate::call!(object.format(to));
            format!("{:>4}", Formatted(call))
        },
    );
}

//! As `erased_serde::{Serialize, Serializer}`: two object types that call each other,
//! results that lend objects, sealed, hidden methods.

use static_call::{static_call, static_dispatch};

use crate::proof::in_every_state;

mod sealed {
    pub(super) trait Sealed {}
}

#[derive(Debug, PartialEq)]
struct ErrorImpl(String);

#[static_dispatch(targets = 2, object = FastSerialize)]
trait Serialize: sealed::Sealed {
    fn erased_serialize(&self, serializer: &mut dyn Serializer) -> Result<(), ErrorImpl>;
    #[doc(hidden)]
    fn do_erased_serialize(&self, serializer: &mut dyn Serializer) -> Result<(), ErrorImpl> {
        self.erased_serialize(serializer)
    }
}

#[static_dispatch(targets = 2)]
trait SerializeSeq {
    fn erased_serialize_element(&mut self, value: &dyn Serialize) -> Result<(), ErrorImpl>;
    fn erased_end(&mut self);
}

#[static_dispatch(targets = 2, object = FastSerializer)]
trait Serializer: sealed::Sealed {
    fn erased_serialize_bool(&mut self, v: bool);
    fn erased_serialize_i128(&mut self, v: i128);
    fn erased_serialize_char(&mut self, v: char);
    fn erased_serialize_some(&mut self, value: &dyn Serialize);
    fn erased_serialize_unit_variant(
        &mut self,
        name: &'static str,
        index: u32,
        variant: &'static str,
    );
    fn erased_serialize_seq(
        &mut self,
        len: Option<usize>,
    ) -> Result<&mut dyn SerializeSeq, ErrorImpl>;
    #[cfg(any())]
    fn erased_serialize_nothing(&mut self, nothing: Nothing);
    fn erased_is_human_readable(&self) -> bool;
}

#[derive(Default, Debug, PartialEq)]
struct Text(String);

impl sealed::Sealed for Text {}

impl Serializer for Text {
    fn erased_serialize_bool(&mut self, v: bool) {
        self.0 += if v { "true," } else { "false," };
    }
    fn erased_serialize_i128(&mut self, v: i128) {
        self.0 += &format!("{v},");
    }
    fn erased_serialize_char(&mut self, v: char) {
        self.0.push(v);
    }
    fn erased_serialize_some(&mut self, value: &dyn Serialize) {
        self.0 += "some ";
        let _ = static_call!(value.erased_serialize(self));
    }
    fn erased_serialize_unit_variant(
        &mut self,
        name: &'static str,
        index: u32,
        variant: &'static str,
    ) {
        self.0 += &format!("{name}::{variant}#{index}");
    }
    fn erased_serialize_seq(
        &mut self,
        len: Option<usize>,
    ) -> Result<&mut dyn SerializeSeq, ErrorImpl> {
        len.ok_or_else(|| ErrorImpl("a length is needed".to_owned()))?;
        self.0.push('[');
        Ok(self)
    }
    fn erased_is_human_readable(&self) -> bool {
        true
    }
}

impl SerializeSeq for Text {
    fn erased_serialize_element(&mut self, value: &dyn Serialize) -> Result<(), ErrorImpl> {
        value.do_erased_serialize(self)
    }
    fn erased_end(&mut self) {
        self.0.push(']');
    }
}

impl sealed::Sealed for i128 {}
impl Serialize for i128 {
    fn erased_serialize(&self, serializer: &mut dyn Serializer) -> Result<(), ErrorImpl> {
        static_call!(serializer.erased_serialize_i128(*self));
        Ok(())
    }
}

impl<T: Serialize> sealed::Sealed for Vec<T> {}
impl<T: Serialize> Serialize for Vec<T> {
    fn erased_serialize(&self, serializer: &mut dyn Serializer) -> Result<(), ErrorImpl> {
        let seq = static_call!(serializer.erased_serialize_seq(Some(self.len())))?;
        for element in self {
            static_call!(seq.erased_serialize_element(element))?;
        }
        static_call!(seq.erased_end());
        Ok(())
    }
}

#[test]
fn a_serializer() {
    let value = vec![vec![1_i128, 2], vec![i128::MAX]];
    let plain: &dyn Serialize = &value;
    let fast: &dyn FastSerialize = &value;
    in_every_state(file!(), "erased_serialize_seq", || {
        let mut texts: [Text; 3] = Default::default();
        let [plainly, by_site, by_object] = &mut texts;
        plain.erased_serialize(plainly).expect("it has a length");
        static_call!(plain.do_erased_serialize(by_site)).expect("it has a length");
        fast.erased_serialize(by_object).expect("it has a length");
        assert_eq!((&*by_site, &*by_object), (&*plainly, &*plainly));
        let serializer: &mut dyn FastSerializer = &mut Text::default();
        assert!(serializer.erased_serialize_seq(None).is_err());
    });
    in_every_state(file!(), "erased_serialize_unit_variant", || {
        let (mut by_site, mut by_object) = (Text::default(), Text::default());
        let site: &mut dyn Serializer = &mut by_site;
        let object: &mut dyn FastSerializer = &mut by_object;
        static_call!(site.erased_serialize_unit_variant("E", 1, "V"));
        object.erased_serialize_unit_variant("E", 1, "V");
        static_call!(site.erased_serialize_some(&5_i128));
        object.erased_serialize_some(&5_i128);
        assert_eq!(
            (by_site.0.as_str(), &by_object),
            ("E::V#1some 5,", &by_site)
        );
    });
}

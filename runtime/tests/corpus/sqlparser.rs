//! As `sqlparser::dialect::Dialect`: many defaults, nested results, an inherent impl
//! of the object type.

use std::any::{Any, TypeId};
use std::fmt::Debug;
use std::iter::Peekable;
use std::str::Chars;

use static_call::{static_call, static_dispatch};

use crate::proof::in_every_state;

#[derive(Debug, Clone, PartialEq)]
enum Expression {
    Number(u32),
}

#[derive(Debug, Clone, PartialEq)]
struct ParseError(String);

#[derive(Debug)]
struct Parser<'a> {
    dialect: &'a dyn Dialect,
    rest: Vec<u32>,
}

/// What depends on the dialect.
#[static_dispatch(targets = 2, object = FastDialect)]
trait Dialect: Debug + Any {
    /// Which one it is.
    fn dialect(&self) -> TypeId {
        self.type_id()
    }
    fn is_identifier_start(&self, character: char) -> bool;
    fn is_identifier_part(&self, character: char) -> bool;
    fn is_proper_identifier_inside_quotes(&self, mut _characters: Peekable<Chars<'_>>) -> bool {
        _characters.next().is_some()
    }
    fn identifier_quote_style(&self, _identifier: &str) -> Option<char> {
        None
    }
    fn parse_prefix(&self, _parser: &mut Parser<'_>) -> Option<Result<Expression, ParseError>> {
        None
    }
    fn parse_infix(
        &self,
        _parser: &mut Parser,
        _expression: &Expression,
        _precedence: u8,
    ) -> Option<Result<Expression, ParseError>> {
        None
    }
    fn parse_column_option(
        &self,
        _parser: &mut Parser,
    ) -> Result<Option<Result<Option<Expression>, ParseError>>, ParseError> {
        Ok(None)
    }
    fn reserved(&self) -> &'static [&'static str] {
        &["SELECT"]
    }
}

impl dyn Dialect {
    fn is<T: Dialect>(&self) -> bool {
        TypeId::of::<T>() == self.dialect()
    }
}

#[derive(Debug, Default)]
struct Generic;

impl Dialect for Generic {
    fn is_identifier_start(&self, character: char) -> bool {
        character.is_ascii_alphabetic() || character == '_'
    }
    fn is_identifier_part(&self, character: char) -> bool {
        self.is_identifier_start(character) || character.is_ascii_digit()
    }
    fn identifier_quote_style(&self, identifier: &str) -> Option<char> {
        identifier.contains(' ').then_some('"')
    }
    fn parse_prefix(&self, parser: &mut Parser<'_>) -> Option<Result<Expression, ParseError>> {
        let number = parser.rest.pop()?;
        if number == 0 {
            return Some(Err(ParseError(format!("{:?} has no zero", parser.dialect))));
        }
        Some(Ok(Expression::Number(number)))
    }
}

#[test]
fn a_dialect() {
    let plain: &dyn Dialect = &Generic;
    let fast: Box<dyn FastDialect> = Box::new(Generic);
    assert!(plain.is::<Generic>());
    in_every_state(file!(), "is_identifier_part", || {
        for character in ['a', '_', '7', '-'] {
            let expected = plain.is_identifier_part(character);
            assert_eq!(static_call!(plain.is_identifier_part(character)), expected);
            assert_eq!(fast.is_identifier_part(character), expected);
        }
    });
    in_every_state(file!(), "parse_prefix", || {
        let mut parsers = [(); 3].map(|()| Parser {
            dialect: plain,
            rest: vec![3, 0, 5],
        });
        let [plainly, by_site, by_object] = &mut parsers;
        for _ in 0..4 {
            let expected = plain.parse_prefix(plainly);
            assert_eq!(static_call!(plain.parse_prefix(by_site)), expected);
            assert_eq!(fast.parse_prefix(by_object), expected);
        }
    });
    let mut parser = Parser {
        dialect: plain,
        rest: vec![],
    };
    assert_eq!(
        static_call!(plain.parse_column_option(&mut parser)),
        Ok(None)
    );
    assert!(static_call!(
        plain.is_proper_identifier_inside_quotes("a".chars().peekable())
    ));
    assert_eq!(fast.dialect(), static_call!(plain.dialect()));
    assert_eq!(
        (fast.identifier_quote_style("a b"), fast.reserved()),
        (Some('"'), &["SELECT"][..])
    );
}

use static_call::{static_call, static_dispatch};

#[static_dispatch]
trait Parser {
    #[static_dispatch]
    fn parse(&self, text: &str, radix: u32) -> Result<u32, std::num::ParseIntError>;
}

struct Plain;

impl Parser for Plain {
    fn parse(&self, text: &str, radix: u32) -> Result<u32, std::num::ParseIntError> {
        u32::from_str_radix(text, radix)
    }
}

fn parse(parser: &dyn Parser, text: &str, radix: &str) -> Result<u32, std::num::ParseIntError> {
    let number = static_call!(parser.parse(text, radix.parse()?))?;
    Ok(number + 1)
}

fn first<'a>(parsers: Option<&'a dyn Parser>, text: &str) -> Option<u32> {
    static_call!(parsers?.parse(text, 10)).ok()
}

fn main() {
    assert_eq!(parse(&Plain, "ff", "16"), Ok(256));
    assert!(parse(&Plain, "ff", "ten").is_err());
    assert!(parse(&Plain, "zz", "16").is_err());
    assert_eq!(first(Some(&Plain), "12"), Some(12));
    assert_eq!(first(None, "12"), None);
}

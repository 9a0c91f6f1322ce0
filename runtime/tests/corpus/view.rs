//! As `cursive_core::View`: a supertrait that is made from the trait itself, callbacks
//! that take the trait's objects, `type_name::<Self>()` in a default.

use std::any::Any;

use static_call::{static_call, static_dispatch};

use crate::proof::in_every_state;

#[derive(Clone, Copy, Debug, PartialEq)]
struct Vec2 {
    x: usize,
    y: usize,
}

struct Printer<'a, 'b> {
    size: Vec2,
    theme: &'a str,
    out: std::cell::RefCell<&'b mut String>,
}

#[derive(Debug, PartialEq)]
enum EventResult {
    Ignored,
    Consumed(Option<u8>),
}

enum Selector<'a> {
    Name(&'a str),
}

#[derive(Debug, PartialEq)]
struct ViewNotFound;

type AnyCb<'a> = &'a mut dyn FnMut(&mut dyn View);

trait AnyView {
    fn as_any(&self) -> &dyn Any;
    fn as_boxed_any(self: Box<Self>) -> Box<dyn Any>;
}

impl<T: View> AnyView for T {
    fn as_any(&self) -> &dyn Any {
        self
    }
    fn as_boxed_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }
}

#[static_dispatch(targets = 2, object = FastView)]
trait View: Any + AnyView + Send + Sync {
    fn draw(&self, printer: &Printer);
    fn layout(&mut self, _: Vec2) {}
    fn needs_relayout(&self) -> bool {
        true
    }
    fn required_size(&mut self, constraint: Vec2) -> Vec2 {
        let _ = constraint;
        Vec2 { x: 1, y: 1 }
    }
    fn on_event(&mut self, _: char) -> EventResult {
        EventResult::Ignored
    }
    fn call_on_any(&mut self, _: &Selector, _: AnyCb) {}
    fn focus_view(&mut self, _: &Selector) -> Result<EventResult, ViewNotFound> {
        Err(ViewNotFound)
    }
    fn type_name(&self) -> &'static str {
        std::any::type_name::<Self>()
    }
}

impl dyn View {
    fn downcast_ref<T: View>(&self) -> Option<&T> {
        self.as_any().downcast_ref()
    }
}

#[derive(Default)]
struct Button {
    label: String,
    size: Option<Vec2>,
}

impl View for Button {
    fn draw(&self, printer: &Printer) {
        let mut out = printer.out.borrow_mut();
        out.push_str(&self.label);
        out.push_str(printer.theme);
        out.push_str(&printer.size.x.to_string());
    }
    fn layout(&mut self, size: Vec2) {
        self.size = Some(size);
    }
    fn required_size(&mut self, constraint: Vec2) -> Vec2 {
        Vec2 {
            x: self.label.len().min(constraint.x),
            ..constraint
        }
    }
    fn on_event(&mut self, event: char) -> EventResult {
        EventResult::Consumed(u8::try_from(event).ok())
    }
    fn call_on_any(&mut self, selector: &Selector, callback: AnyCb) {
        let Selector::Name(name) = selector;
        if *name == self.label {
            callback(self);
        }
    }
}

fn drawn(draw: impl FnOnce(&Printer)) -> String {
    let mut text = String::new();
    let size = Vec2 { x: 3, y: 4 };
    draw(&Printer {
        size,
        theme: " dark ",
        out: (&mut text).into(),
    });
    text
}

#[test]
fn a_view() {
    let make = || {
        Box::new(Button {
            label: "ok".to_owned(),
            size: None,
        })
    };
    let (mut plain, mut by_site): (Box<dyn View>, Box<dyn View>) = (make(), make());
    let mut fast: Box<dyn FastView> = make();
    in_every_state(file!(), "draw", || {
        let expected = drawn(|printer| plain.draw(printer));
        assert_eq!(expected, "ok dark 3");
        assert_eq!(
            drawn(|printer| static_call!(by_site.draw(printer))),
            expected
        );
        assert_eq!(drawn(|printer| fast.draw(printer)), expected);
    });
    in_every_state(file!(), "required_size", || {
        let constraint = Vec2 { x: 9, y: 2 };
        let expected = plain.required_size(constraint);
        assert_eq!(static_call!(by_site.required_size(constraint)), expected);
        assert_eq!(fast.required_size(constraint), expected);
    });
    in_every_state(file!(), "call_on_any", || {
        let mut names = Vec::new();
        let selector = Selector::Name("ok");
        plain.call_on_any(&selector, &mut |view| names.push(view.type_name()));
        static_call!(by_site.call_on_any(&selector, &mut |view| names.push(view.type_name())));
        fast.call_on_any(&selector, &mut |view| names.push(view.type_name()));
        assert_eq!(names, [std::any::type_name::<Button>(); 3]);
    });
    in_every_state(file!(), "type_name", || {
        assert_eq!(static_call!(by_site.type_name()), plain.type_name());
        assert_eq!(fast.type_name(), plain.type_name());
    });
    assert_eq!(fast.focus_view(&Selector::Name("")), Err(ViewNotFound));
    assert_eq!(fast.on_event('a'), plain.on_event('a'));
    fast.layout(Vec2 { x: 1, y: 1 });
    assert!(fast.as_any().is::<Button>() && plain.downcast_ref::<Button>().is_some());
}

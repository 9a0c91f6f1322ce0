//! As `ttf_parser::{OutlineBuilder, colr::Painter}`: floats by value, one call a point;
//! a lifetime parameter that only arguments have.

use static_call::{static_call, static_dispatch};

use crate::proof::in_every_state;

#[static_dispatch(targets = 2, object = FastBuilder)]
pub(crate) trait OutlineBuilder {
    fn move_to(&mut self, x: f32, y: f32);
    fn line_to(&mut self, x: f32, y: f32);
    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32);
    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32);
    fn close(&mut self);
}

#[derive(Clone, Debug, PartialEq)]
enum Paint<'a> {
    Solid(u32),
    Gradient { stops: &'a [(f32, u32)], extend: u8 },
}

#[static_dispatch(targets = 2, object = FastPainter)]
trait Painter<'a> {
    fn outline_glyph(&mut self, glyph: (u16,));
    fn paint(&mut self, paint: Paint<'a>);
    fn push_clip(&mut self);
    fn push_transform(&mut self, transform: [f32; 6]);
    fn pop_clip(&mut self);
}

#[derive(Clone, Debug, Default, PartialEq)]
struct Recorder<'a>(Vec<(&'static str, Vec<f32>)>, Option<Paint<'a>>);

impl OutlineBuilder for Recorder<'_> {
    fn move_to(&mut self, x: f32, y: f32) {
        self.0.push(("move", vec![x, y]));
    }
    fn line_to(&mut self, x: f32, y: f32) {
        self.0.push(("line", vec![x, y]));
    }
    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        self.0.push(("quad", vec![x1, y1, x, y]));
    }
    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        self.0.push(("curve", vec![x1, y1, x2, y2, x, y]));
    }
    fn close(&mut self) {
        self.0.push(("close", vec![]));
    }
}

impl<'a> Painter<'a> for Recorder<'a> {
    fn outline_glyph(&mut self, glyph: (u16,)) {
        self.0.push(("glyph", vec![glyph.0.into()]));
    }
    fn paint(&mut self, paint: Paint<'a>) {
        self.1 = Some(paint);
    }
    fn push_clip(&mut self) {}
    fn push_transform(&mut self, transform: [f32; 6]) {
        self.0.push(("transform", transform.to_vec()));
    }
    fn pop_clip(&mut self) {}
}

#[test]
fn an_outline_builder() {
    let [mut plain, mut by_site, mut by_object] = [const { Recorder(Vec::new(), None) }; 3];
    in_every_state(file!(), "curve_to", || {
        let plainly: &mut dyn OutlineBuilder = &mut plain;
        plainly.curve_to(1.0, 2.0, 3.0, 4.0, 5.0, 6.0);
        let through: &mut dyn OutlineBuilder = &mut by_site;
        static_call!(through.curve_to(1.0, 2.0, 3.0, 4.0, 5.0, 6.0));
        let fast: &mut dyn FastBuilder = &mut by_object;
        fast.curve_to(1.0, 2.0, 3.0, 4.0, 5.0, 6.0);
    });
    in_every_state(file!(), "close", || {
        let plainly: &mut dyn OutlineBuilder = &mut plain;
        plainly.close();
        let through: &mut dyn OutlineBuilder = &mut by_site;
        static_call!(through.close());
        let fast: &mut dyn FastBuilder = &mut by_object;
        fast.close();
    });
    assert_eq!((&by_site, &by_object), (&plain, &plain));
}

#[test]
fn a_painter() {
    let stops = vec![(0.0, 1), (1.0, 2)];
    let [mut plain, mut by_site, mut by_object] = [const { Recorder(Vec::new(), None) }; 3];
    in_every_state(file!(), "paint", || {
        let paint = Paint::Gradient {
            stops: &stops,
            extend: 1,
        };
        let plainly: &mut dyn Painter<'_> = &mut plain;
        plainly.paint(paint.clone());
        let through: &mut dyn Painter<'_> = &mut by_site;
        static_call!(through.paint(paint.clone()));
        let fast: &mut dyn FastPainter<'_> = &mut by_object;
        fast.paint(paint);
        fast.push_clip();
    });
    in_every_state(file!(), "push_transform", || {
        let transform = [1.0, 0.0, 0.0, 1.0, 0.5, 0.25];
        let plainly: &mut dyn Painter<'_> = &mut plain;
        plainly.push_transform(transform);
        let through: &mut dyn Painter<'_> = &mut by_site;
        static_call!(through.push_transform(transform));
        let fast: &mut dyn FastPainter<'_> = &mut by_object;
        fast.push_transform(transform);
    });
    assert_eq!((&by_site, &by_object), (&plain, &plain));
    let fast: &mut dyn FastPainter<'_> = &mut by_object;
    fast.paint(Paint::Solid(7));
    assert_eq!(by_object.1, Some(Paint::Solid(7)));
}

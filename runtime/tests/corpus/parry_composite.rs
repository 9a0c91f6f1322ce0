//! As `parry3d::shape::CompositeShape`: a callback that takes optional objects.

use static_call::{static_call, static_dispatch};

use crate::proof::in_every_state;

#[derive(Debug, PartialEq)]
struct Pose(f32);

trait Part {
    fn size(&self) -> f32;
}

trait Constraints {
    fn project(&self) -> bool;
}

#[derive(Debug, PartialEq)]
struct Tree(Vec<u32>);

#[static_dispatch(targets = 2, object = FastComposite)]
trait CompositeShape {
    fn map_part_at(
        &self,
        shape: u32,
        f: &mut dyn FnMut(Option<&Pose>, &dyn Part, Option<&dyn Constraints>),
    );
    fn tree(&self) -> &Tree;
}

struct Segment(f32);

impl Part for Segment {
    fn size(&self) -> f32 {
        self.0
    }
}

struct Line(Vec<Segment>, Tree);

impl CompositeShape for Line {
    fn map_part_at(
        &self,
        shape: u32,
        f: &mut dyn FnMut(Option<&Pose>, &dyn Part, Option<&dyn Constraints>),
    ) {
        if let Some(part) = self.0.get(shape as usize) {
            f(Some(&Pose(shape as f32)), part, None);
        }
    }
    fn tree(&self) -> &Tree {
        &self.1
    }
}

#[test]
fn a_composite_shape() {
    let make = || Line(vec![Segment(1.0), Segment(2.5)], Tree(vec![0, 1]));
    let plain: Box<dyn CompositeShape> = Box::new(make());
    let fast: Box<dyn FastComposite> = Box::new(make());
    in_every_state(file!(), "map_part_at", || {
        for shape in 0..3 {
            let mut seen: [Vec<(Option<f32>, f32, bool)>; 3] = Default::default();
            let [plainly, by_site, by_object] = &mut seen;
            plain.map_part_at(shape, &mut |pose, part, constraints| {
                plainly.push((pose.map(|pose| pose.0), part.size(), constraints.is_none()));
            });
            static_call!(plain.map_part_at(shape, &mut |pose, part, constraints| {
                by_site.push((pose.map(|pose| pose.0), part.size(), constraints.is_none()));
            }));
            fast.map_part_at(shape, &mut |pose, part, constraints| {
                by_object.push((pose.map(|pose| pose.0), part.size(), constraints.is_none()));
            });
            assert_eq!(by_site, plainly);
            assert_eq!(by_object, plainly);
        }
    });
    in_every_state(file!(), "tree", || {
        assert_eq!(static_call!(plain.tree()), plain.tree());
        assert_eq!(fast.tree(), plain.tree());
    });
}

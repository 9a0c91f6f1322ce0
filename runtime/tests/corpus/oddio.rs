//! As `oddio::Signal`: slices of an associated type, mutable state, boxes of objects
//! inside generic adaptors.

use static_call::{static_call, static_dispatch};

use crate::proof::in_every_state;

#[static_dispatch(targets = 2, object = FastSignal)]
trait Signal {
    type Frame;

    fn sample(&mut self, interval: f32, out: &mut [Self::Frame]);
    #[inline]
    fn is_finished(&self) -> bool {
        false
    }
}

impl<T: Signal + ?Sized> Signal for Box<T> {
    type Frame = T::Frame;
    fn sample(&mut self, interval: f32, out: &mut [T::Frame]) {
        (**self).sample(interval, out);
    }
    fn is_finished(&self) -> bool {
        (**self).is_finished()
    }
}

/// Stereo from mono.
struct MonoToStereo<T: ?Sized>(T);

impl<T: Signal<Frame = f32>> Signal for MonoToStereo<T> {
    type Frame = [f32; 2];
    fn sample(&mut self, interval: f32, out: &mut [[f32; 2]]) {
        for frame in out {
            let mut mono = [0.0];
            self.0.sample(interval, &mut mono);
            *frame = [mono[0]; 2];
        }
    }
    fn is_finished(&self) -> bool {
        self.0.is_finished()
    }
}

struct Ramp(f32);

impl Signal for Ramp {
    type Frame = f32;
    fn sample(&mut self, interval: f32, out: &mut [f32]) {
        for frame in out {
            self.0 += interval;
            *frame = self.0;
        }
    }
    fn is_finished(&self) -> bool {
        self.0 > 1e9
    }
}

#[test]
fn a_signal() {
    let mut plain: Box<dyn Signal<Frame = [f32; 2]>> = Box::new(MonoToStereo(Ramp(0.0)));
    let mut by_site: Box<dyn Signal<Frame = [f32; 2]>> = Box::new(MonoToStereo(Ramp(0.0)));
    let inner: Box<dyn FastSignal<Frame = f32> + Send> = Box::new(Ramp(0.0));
    let mut fast: Box<dyn FastSignal<Frame = [f32; 2]>> = Box::new(MonoToStereo(inner));
    in_every_state(file!(), "sample", || {
        let mut frames = [[[0.0; 2]; 3]; 3];
        let [plainly, through, by_object] = &mut frames;
        (*plain).sample(0.25, plainly);
        static_call!(by_site.sample(0.25, through));
        (*fast).sample(0.25, by_object);
        assert_eq!(
            through.map(|frame| frame.map(f32::to_bits)),
            plainly.map(|frame| frame.map(f32::to_bits))
        );
        assert_eq!(
            by_object.map(|frame| frame.map(f32::to_bits)),
            plainly.map(|frame| frame.map(f32::to_bits))
        );
    });
    assert!(!static_call!(by_site.is_finished()) && !fast.is_finished());
}

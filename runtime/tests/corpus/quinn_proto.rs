//! As `quinn_proto::congestion::Controller`: plain numbers by value, state, clones in
//! boxes, and a way out to `Any`.

use std::any::Any;
use std::time::{Duration, Instant};

use static_call::{static_call, static_dispatch};

use crate::proof::in_every_state;

struct Estimator(Duration);

#[static_dispatch(targets = 2, object = FastController)]
trait Controller: Send + Sync {
    #[allow(unused_variables)]
    fn on_sent(&mut self, now: Instant, bytes: u64, last_packet: u64) {}
    #[allow(unused_variables)]
    fn on_ack(&mut self, now: Instant, sent: Instant, bytes: u64, limited: bool, rtt: &Estimator) {}
    fn on_congestion_event(&mut self, now: Instant, sent: Instant, persistent: bool, lost: u64);
    fn on_mtu_update(&mut self, mtu: u16);
    fn window(&self) -> u64;
    #[static_dispatch(skip)]
    fn clone_box(&self) -> Box<dyn Controller>;
    fn initial_window(&self) -> u64;
    fn into_any(self: Box<Self>) -> Box<dyn Any>;
}

#[derive(Clone)]
struct Reno {
    window: u64,
    mtu: u64,
}

impl Controller for Reno {
    fn on_ack(&mut self, now: Instant, sent: Instant, bytes: u64, limited: bool, rtt: &Estimator) {
        if !limited && now - sent <= rtt.0 {
            self.window += bytes;
        }
    }
    fn on_congestion_event(&mut self, _: Instant, _: Instant, persistent: bool, lost: u64) {
        self.window = if persistent {
            self.mtu
        } else {
            self.window / 2 + lost
        };
    }
    fn on_mtu_update(&mut self, mtu: u16) {
        self.mtu = mtu.into();
    }
    fn window(&self) -> u64 {
        self.window
    }
    fn clone_box(&self) -> Box<dyn Controller> {
        Box::new(self.clone())
    }
    fn initial_window(&self) -> u64 {
        14_720
    }
    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }
}

#[test]
fn a_controller() {
    let reno = Reno {
        window: 1000,
        mtu: 1200,
    };
    let (mut plain, mut by_site): (Box<dyn Controller>, Box<dyn Controller>) =
        (Box::new(reno.clone()), Box::new(reno.clone()));
    let mut fast: Box<dyn FastController> = Box::new(reno);
    let sent = Instant::now();
    let now = sent + Duration::from_millis(3);
    let rtt = Estimator(Duration::from_millis(5));
    in_every_state(file!(), "on_ack", || {
        plain.on_ack(now, sent, 100, false, &rtt);
        static_call!(by_site.on_ack(now, sent, 100, false, &rtt));
        fast.on_ack(now, sent, 100, false, &rtt);
        assert_eq!(static_call!(by_site.window()), plain.window());
        assert_eq!(fast.window(), plain.window());
    });
    in_every_state(file!(), "on_congestion_event", || {
        plain.on_congestion_event(now, sent, false, 3);
        static_call!(by_site.on_congestion_event(now, sent, false, 3));
        fast.on_congestion_event(now, sent, false, 3);
        assert_eq!(static_call!(by_site.window()), plain.window());
        assert_eq!(fast.window(), plain.window());
    });
    assert_eq!(fast.clone_box().window(), fast.window());
    assert!(fast.into_any().is::<Reno>());
}

use static_call::static_dispatch;

#[static_dispatch]
trait Log: Send + Sync {
    #[static_dispatch(none = 5)]
    fn name(&self) -> String;
}

fn main() {}

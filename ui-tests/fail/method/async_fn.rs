use static_call::static_dispatch;

#[static_dispatch]
trait Shape {
    #[static_dispatch]
    async fn area(&self) -> f64;
}

async fn generic(shape: &impl Shape) -> f64 {
    shape.area().await
}

fn main() {}

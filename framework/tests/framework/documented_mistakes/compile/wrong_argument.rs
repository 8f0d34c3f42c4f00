//! A constructor takes its dependency by value
//!
//! Instances are shared, so every argument is an `Arc<T>` or an `Arc<dyn Trait>`.

use hornero::{Module, ModuleDef};

struct Clock;

struct Greeter;

impl Greeter {
    fn new(_clock: Clock) -> Self {
        Self
    }
}

pub struct GreetModule;

impl Module for GreetModule {
    fn define(m: &mut ModuleDef) {
        m.provide(Greeter::new).export::<Greeter>();
    }
}

//! Registration of event handlers, and what may be one.

use std::{future::Future, panic::Location, sync::Arc};

use super::{
    dispatch::Answer,
    extract::{FromEvent, Incoming},
    reply::Reply,
};
use crate::{
    error::ClientError,
    provider::{BoxFuture, Place},
};

/// The events of a gateway, filled in [`Gateway::events`](super::Gateway::events).
pub struct Events<G> {
    pub(super) list: Vec<Registration<G>>,
}

pub(super) struct Registration<G> {
    pub(super) event: &'static str,
    pub(super) place: Place,
    pub(super) handler: Box<dyn ErasedHandler<G>>,
    /// Event by which the handler's data is sent to the caller, beside the ack.
    pub(super) reply_event: Option<&'static str>,
}

impl<G: super::Gateway> Events<G> {
    /// Reads what the gateway registers.
    pub(crate) fn read() -> Self {
        let mut events = Self { list: Vec::new() };
        G::events(&mut events);
        events
    }

    pub(crate) fn names(&self) -> Vec<(&'static str, Place)> {
        self.list.iter().map(|it| (it.event, it.place)).collect()
    }

    /// Calls `handler` for each `event`.
    ///
    /// A handler is an async method `(self: Arc<Self>, ..) -> Result<T, E>` whose other
    /// arguments are extractors: [`Data`](super::Data), [`Valid`](crate::Valid), or any
    /// of socketioxide's. Its result is the client's ack.
    #[track_caller]
    pub fn on<M, H>(&mut self, event: &'static str, handler: H) -> &mut Self
    where
        H: EventHandler<G, M>,
        M: 'static,
    {
        let place = Location::caller();
        let handler = Box::new(Erased { handler, marker: std::marker::PhantomData::<fn(M)> });
        self.list.push(Registration { event, place, handler, reply_event: None });
        self
    }

    /// Sends the data of the handler registered last to the caller by `event` too, whether
    /// or not there is an ack: `on("chat:room:join", Self::join).replies("chat:room:joined")`.
    ///
    /// The data must be an object; the contract's version and the request's id are added.
    pub fn replies(&mut self, event: &'static str) -> &mut Self {
        if let Some(registration) = self.list.last_mut() {
            registration.reply_event = Some(event);
        }
        self
    }
}

/// An async method of a gateway that can handle an event.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an event handler of `{G}`",
    label = "expected `async fn(self: Arc<Self>, <extractors>..) -> Result<impl Serialize, impl Into<ClientError>>`"
)]
pub trait EventHandler<G, M>: Clone + Send + Sync + 'static {
    #[doc(hidden)]
    fn prepare(
        self,
        gateway: Arc<G>,
        incoming: &mut Incoming<'_>,
        answer: Answer,
    ) -> Result<BoxFuture<()>, ClientError>;
}

macro_rules! impl_event_handler {
    ($($marker:ident $argument:ident),*) => {
        impl<G, F, Fut, R, $($marker, $argument),*> EventHandler<G, ($(($marker, $argument),)*)> for F
        where
            G: Send + Sync + 'static,
            F: FnOnce(Arc<G>, $($argument),*) -> Fut + Clone + Send + Sync + 'static,
            Fut: Future<Output = R> + Send + 'static,
            R: Reply,
            $($argument: FromEvent<$marker> + Send,)*
        {
            #[allow(unused_variables, reason = "a handler may take nothing but itself")]
            fn prepare(
                self,
                gateway: Arc<G>,
                incoming: &mut Incoming<'_>,
                answer: Answer,
            ) -> Result<BoxFuture<()>, ClientError> {
                let call = self(gateway, $($argument::from_event(incoming)?),*);
                Ok(Box::pin(async move {
                    match call.await.outcome() {
                        Ok(data) => answer.ok(&data),
                        Err(error) => answer.error(&error),
                    }
                }))
            }
        }
    };
}

impl_event_handler!();
impl_event_handler!(M1 T1);
impl_event_handler!(M1 T1, M2 T2);
impl_event_handler!(M1 T1, M2 T2, M3 T3);
impl_event_handler!(M1 T1, M2 T2, M3 T3, M4 T4);
impl_event_handler!(M1 T1, M2 T2, M3 T3, M4 T4, M5 T5);

/// A handler whose arguments' types are forgotten.
pub(super) trait ErasedHandler<G>: Send + Sync {
    fn prepare(
        &self,
        gateway: Arc<G>,
        incoming: &mut Incoming<'_>,
        answer: Answer,
    ) -> Result<BoxFuture<()>, ClientError>;
}

struct Erased<H, M> {
    handler: H,
    marker: std::marker::PhantomData<fn(M)>,
}

impl<G, M, H: EventHandler<G, M>> ErasedHandler<G> for Erased<H, M> {
    fn prepare(
        &self,
        gateway: Arc<G>,
        incoming: &mut Incoming<'_>,
        answer: Answer,
    ) -> Result<BoxFuture<()>, ClientError> {
        self.handler.clone().prepare(gateway, incoming, answer)
    }
}

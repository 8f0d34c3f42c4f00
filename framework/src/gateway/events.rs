//! Registration of event handlers, and what may be one.

use std::{
    future::Future,
    marker::PhantomData,
    panic::{AssertUnwindSafe, Location, resume_unwind},
    sync::Arc,
    thread,
};

use futures_util::FutureExt;
use serde::Serialize;

use super::{
    answer::Answer,
    extract::{FromEvent, Incoming},
    rate::RateClass,
    reply::{Outcome, Reply},
};
use crate::{
    contract::{EmittedEvent, Event, HandledEvent, Shape, Signature},
    error::{ClientError, ErrorKind},
    provider::BoxFuture,
};

/// The call of a handler, on its way to an answer. Resolves when it is answered.
pub type EventCall = BoxFuture<Result<(), ErrorKind>>;

/// The events of a gateway, filled in [`Gateway::events`](super::Gateway::events).
pub struct Events<G> {
    pub(super) handlers: Vec<Registration<G>>,
    emitted: Vec<EmittedEvent>,
}

pub(super) struct Registration<G> {
    pub(super) event: HandledEvent,
    /// Whether later events of the socket need not wait for the handler.
    pub(super) concurrent: bool,
    pub(super) handler: Box<dyn ErasedHandler<G>>,
}

impl<G: super::Gateway> Events<G> {
    /// Reads what the gateway registers.
    pub(crate) fn read() -> Self {
        let mut events = Self { handlers: Vec::new(), emitted: Vec::new() };
        G::events(&mut events);
        events
    }

    /// What the gateway handles and emits.
    pub(crate) fn documented(self) -> (Vec<HandledEvent>, Vec<EmittedEvent>) {
        (self.handlers.into_iter().map(|it| it.event).collect(), self.emitted)
    }

    /// Calls `handler` for each event of this name.
    ///
    /// A handler is an async method `(self: Arc<Self>, ..) -> Result<T, E>` whose other
    /// arguments are extractors: guards, [`Data`](super::Data), [`Valid`](crate::Valid), or
    /// any of socketioxide's. Its result is the client's ack. What it takes and answers is
    /// also the event's documentation.
    #[track_caller]
    pub fn on<M, H>(&mut self, name: &'static str, handler: H) -> &mut Self
    where
        H: EventHandler<G, M>,
        M: 'static,
    {
        let place = Location::caller();
        let event = HandledEvent {
            name,
            signature: H::signature(),
            reply_event: None,
            rate: RateClass::default(),
            place,
        };
        let handler = Box::new(Erased { handler, marker: PhantomData::<fn(M)> });
        self.handlers.push(Registration { event, concurrent: false, handler });
        self
    }

    /// Sends the data of the handler registered last to the caller by `event` too, whether
    /// or not there is an ack: `on("chat:room:join", Self::join).replies("chat:room:joined")`.
    ///
    /// The data must be an object; the contract's version and the request's id are added.
    pub fn replies(&mut self, event: &'static str) -> &mut Self {
        if let Some(registration) = self.handlers.last_mut() {
            registration.event.reply_event = Some(event);
        }
        self
    }

    /// Lets the handler registered last run beside the socket's later events.
    ///
    /// It still begins in order of arrival. For handlers that wait long and whose order
    /// does not matter, such as a call to another service.
    pub fn concurrent(&mut self) -> &mut Self {
        if let Some(registration) = self.handlers.last_mut() {
            registration.concurrent = true;
        }
        self
    }

    /// Counts the event registered last against another limit of its connection:
    /// `on("chat:typing:start", Self::start).rate(RateClass::Signal)`.
    pub fn rate(&mut self, class: RateClass) -> &mut Self {
        if let Some(registration) = self.handlers.last_mut() {
            registration.event.rate = class;
        }
        self
    }

    /// Says that the gateway's clients hear `E`.
    #[track_caller]
    pub fn emits<E: Event>(&mut self) -> &mut Self {
        let place = Location::caller();
        self.emitted.push(EmittedEvent { name: E::NAME, data: Shape::of::<E>(), place });
        self
    }
}

/// An async method of a gateway that can handle an event.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an event handler of `{G}`",
    label = "expected `async fn(self: Arc<Self>, <extractors>..) -> Result<impl Serialize, impl Into<ClientError>>`",
    note = "every argument but the first must be an extractor: `Data<T>`, `Valid<Data<T>>`, `SocketRef`, or a guard; a guard is one only if the gateway has what it asks for",
    note = "the result must be `()`, or a `Result` of data that is `Serialize + ToSchema` and an error that becomes a `ClientError`"
)]
pub trait EventHandler<G, M>: Clone + Send + Sync + 'static {
    /// What its arguments and result say about the event.
    fn signature() -> Signature;

    #[doc(hidden)]
    fn prepare(
        self,
        incoming: &mut Incoming<'_, G>,
        answer: Answer,
    ) -> Result<EventCall, ClientError>;
}

macro_rules! impl_event_handler {
    ($($marker:ident $argument:ident),*) => {
        impl<G, F, Fut, R, $($marker, $argument),*> EventHandler<G, ($(($marker, $argument),)*)> for F
        where
            G: Send + Sync + 'static,
            F: FnOnce(Arc<G>, $($argument),*) -> Fut + Clone + Send + Sync + 'static,
            Fut: Future<Output = R> + Send + 'static,
            R: Reply + 'static,
            $($argument: FromEvent<G, $marker> + Send,)*
        {
            #[allow(unused_mut, reason = "a handler may take nothing but itself")]
            fn signature() -> Signature {
                let reply = Shape::of_answer::<R::Data>();
                let mut signature = Signature { reply, ..Signature::default() };
                $($argument::describe(&mut signature);)*
                signature
            }

            fn prepare(
                self,
                incoming: &mut Incoming<'_, G>,
                answer: Answer,
            ) -> Result<EventCall, ClientError> {
                let gateway = Arc::clone(incoming.gateway);
                let call = self(gateway, $($argument::from_event(incoming)?),*);
                // Put together, and not awaited in a block: a block keeps what it awaits twice.
                let outcome = AssertUnwindSafe(call.map(Reply::outcome)).catch_unwind();
                Ok(Box::pin(outcome.then(|outcome| answered(outcome, answer))))
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

/// Answers as a handler has said, unless it has panicked.
async fn answered<T: Serialize>(
    outcome: thread::Result<Outcome<T>>,
    answer: Answer,
) -> Result<(), ErrorKind> {
    let answered = async {
        match outcome {
            Ok(Outcome::Now(outcome)) => answer.with(outcome),
            Ok(Outcome::Then(data, rest)) => {
                answer.ok(&data);
                rest.await;
                Ok(())
            }
            Ok(Outcome::Later(outcome)) => {
                let mut place = answer.end_turn();
                let outcome = outcome.await;
                place.reached().await;
                answer.with(outcome)
            }
            Err(panic) => resume_unwind(panic),
        }
    };
    // A handler that panics must not leave the client waiting.
    let panicked = |_| answer.with(Err::<(), _>(ClientError::internal()));
    AssertUnwindSafe(answered).catch_unwind().await.unwrap_or_else(panicked)
}

/// A handler whose arguments' types are forgotten.
pub(super) trait ErasedHandler<G>: Send + Sync {
    fn prepare(
        &self,
        incoming: &mut Incoming<'_, G>,
        answer: Answer,
    ) -> Result<EventCall, ClientError>;
}

struct Erased<H, M> {
    handler: H,
    marker: PhantomData<fn(M)>,
}

impl<G, M, H: EventHandler<G, M>> ErasedHandler<G> for Erased<H, M> {
    fn prepare(
        &self,
        incoming: &mut Incoming<'_, G>,
        answer: Answer,
    ) -> Result<EventCall, ClientError> {
        self.handler.clone().prepare(incoming, answer)
    }
}

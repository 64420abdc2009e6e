//! The future of a call while it runs: on a processor that it has taken, and with its processor
//! time measured from the beginning to the end of each poll.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::cores::{Cores, Place};
use crate::capabilities::ProcessorTime;
use crate::contract::Slot;

/// A call that runs in turns with those of other slots.
pub(super) struct Running<F> {
    place: Place,
    processor: Arc<ProcessorTime>,
    call: F,
}

impl<F: Future + Unpin> Running<F> {
    pub(super) fn new(
        cores: &Arc<Cores>,
        slot: Slot,
        processor: Arc<ProcessorTime>,
        call: F,
    ) -> Self {
        Self { place: Place::new(cores, slot), processor, call }
    }
}

impl<F: Future + Unpin> Future for Running<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let Self { place, processor, call } = self.get_mut();
        let Poll::Ready(_core) = place.poll_core(context) else {
            processor.waits();
            return Poll::Pending;
        };
        processor.begin();
        let polled = Pin::new(call).poll(context);
        processor.end();
        polled
    }
}

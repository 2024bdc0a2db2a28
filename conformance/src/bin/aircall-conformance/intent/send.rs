use aircall_conformance::{
    Target,
    case::{Body, Procedure, Request},
    catalogue,
};

use super::{Delivery, Result};
use crate::{args::SendArgs, suggestion};

/// To send one request.
#[derive(Debug)]
pub(crate) struct Send {
    pub(crate) target: Target,
    pub(crate) delivery: Delivery,
    pub(crate) request: Request,
}

impl Send {
    pub(crate) fn new(args: SendArgs) -> Result<Self> {
        Ok(Self {
            request: request(&args.what)?,
            target: args.url.parse()?,
            delivery: Delivery::new(args.delivery, false)?,
        })
    }
}

fn request(what: &str) -> Result<Request> {
    if let Some(event) = aircall_fixtures::find(what) {
        return Ok(Request::post(Body::Event(event.name)));
    }
    match catalogue::find(what).map(|case| case.procedure) {
        Some(Procedure::Send(request)) => Ok(request),
        Some(_) => Err(format!("the case {what} sends nothing of its own: it looks over a whole run").into()),
        None => Err(suggestion::unknown("event or case", what, suggestion::events_and_cases()).into()),
    }
}

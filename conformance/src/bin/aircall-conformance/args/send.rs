use clap::Args;

use super::DeliveryArgs;

/// Send one event, or the request of one case, once, and show the answer
#[derive(Debug, Args)]
#[command(after_help = SEND_HELP)]
pub(crate) struct SendArgs {
    /// Name of an event (call.ended), or id of a case (token/missing)
    pub(crate) what: String,

    /// URL of the webhook, as it would be given to Aircall
    pub(crate) url: String,

    #[command(flatten)]
    pub(crate) delivery: DeliveryArgs,
}

const SEND_HELP: &str = "\
Exit codes:
  0  the answer was a 2xx, in time
  1  it was not
  2  could not run: wrong arguments, nothing listening, no token";

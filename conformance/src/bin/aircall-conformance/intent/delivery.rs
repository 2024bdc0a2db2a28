use std::{path::PathBuf, time::Duration};

use aircall_conformance::{Roots, Token};

use super::Result;
use crate::args::DeliveryArgs;

/// What has a say in every delivery.
#[derive(Debug)]
pub(crate) struct Delivery {
    pub(crate) token: Token,
    pub(crate) timeout: Duration,
    pub(crate) roots: Roots,
}

impl Delivery {
    /// A receiver that is started here can be told a token of our own.
    pub(super) fn new(args: DeliveryArgs, is_token_free: bool) -> Result<Self> {
        let given = args.token.or_else(|| std::env::var("AIRCALL_TOKEN").ok().filter(|token| !token.trim().is_empty()));
        let token = match given {
            Some(token) => Token::new(token)?,
            None if is_token_free => Token::random()?,
            None => return Err(NO_TOKEN.into()),
        };
        Ok(Self { token, timeout: args.timeout, roots: roots(args.ca_file, args.insecure) })
    }
}

fn roots(file: Option<PathBuf>, insecure: bool) -> Roots {
    match file {
        _ if insecure => Roots::InsecureAny,
        Some(file) => Roots::File(file),
        None => Roots::System,
    }
}

const NO_TOKEN: &str = "no token: set AIRCALL_TOKEN, or give --token, to the one that the receiver is configured with";

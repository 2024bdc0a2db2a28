use std::io::{Error, Write};

use clap::CommandFactory;

use crate::{
    args::{Args, CompletionsArgs},
    exit::Exit,
};

/// Prints the completions for a shell.
pub(crate) fn completions(args: &CompletionsArgs) -> Exit {
    let mut command = Args::command();
    let name = command.get_name().to_owned();
    clap_complete::generate(args.shell, &mut command, name, &mut std::io::stdout());
    Exit::Conformant
}

/// Prints the manual page: that of the program, and those of its commands behind it.
pub(crate) fn man() -> Result<Exit, Error> {
    let mut page = Vec::new();
    let mut command = Args::command();
    // Only then do the commands know their whole names.
    command.build();
    clap_mangen::Man::new(command.clone()).render(&mut page)?;
    for sub in command.get_subcommands() {
        clap_mangen::Man::new(sub.clone()).render(&mut page)?;
    }
    std::io::stdout().write_all(&page)?;
    Ok(Exit::Conformant)
}

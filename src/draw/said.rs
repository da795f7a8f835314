// What the page of a drawing says. Read twice, as `src/ground/codes.rs` is.
drawn! {
    /// It has no row of votes.
    DrawEmpty {}
    /// A box that is not on the paper.
    DrawOutside {}
    /// Nothing is printed in the box, or nothing of the kind.
    DrawNothingThere {}
    /// Nothing in the box is read as a number.
    DrawNoNumbers {}
    /// A name that two have.
    DrawNameTwice { name: String }
    /// A name that is none.
    DrawNoName { name: String }
    /// Two prints in one place.
    DrawOverlap { one: String, other: String }
    /// Where names and signatures begin is not said.
    DrawPrivateOpen {}
    /// A number within the private part.
    DrawPrivateHolds { name: String }
    /// Shares of a whole that is not said.
    DrawShareOfNothing { name: String }
    /// No two numbers of the drawing give a share.
    DrawNoShare {}
    /// What else a definition is refused for.
    DrawRefused { problem: String }
    /// Words beside no numbers.
    DrawWordsBesideNothing {}
    /// A relation that is not understood.
    DrawNoRelation { text: String }
    /// A number that is not there.
    DrawNoSuchNumber { name: String }
    /// A value that does not fit.
    DrawNoSuchValue { value: String }
    /// A place that is not there, or cannot be changed so.
    DrawNoSuchPlace {}
    /// Changed by another page.
    DrawStale {}
    /// Nothing to undo.
    DrawNothingToUndo {}
    /// Nothing to do again.
    DrawNothingToRedo {}
    /// The file is there.
    DrawFileThere { file: String }
    /// The file cannot be written.
    DrawNotWritten { file: String, problem: String }
    -
    DrawTitle {}
    DrawSelect {}
    DrawVotes {}
    DrawNumbers {}
    DrawWords {}
    DrawLine {}
    DrawPrint {}
    DrawPrivate {}
    DrawSelectHelp {}
    DrawVotesHelp {}
    DrawNumbersHelp {}
    DrawWordsHelp {}
    DrawLineHelp {}
    DrawPrintHelp {}
    DrawPrivateHelp {}
    DrawNothingPrivate {}
    DrawUndo {}
    DrawRedo {}
    DrawSave {}
    DrawSaved {}
    DrawUnsaved {}
    DrawReading {}
    DrawRead {}
    DrawOpen {}
    DrawToDo {}
    DrawReady {}
    DrawForm {}
    DrawId {}
    DrawFormTitle {}
    DrawElection {}
    DrawLanguage {}
    DrawPlaces {}
    DrawContests {}
    DrawContest {}
    DrawName {}
    DrawParty {}
    DrawWhole {}
    DrawRole {}
    DrawRoleResult {}
    DrawRoleBallots {}
    DrawRoleContext {}
    DrawHangs {}
    DrawLeft {}
    DrawCentre {}
    DrawRight {}
    DrawWidth {}
    DrawSize {}
    DrawText {}
    DrawPattern {}
    DrawThousands {}
    DrawDelete {}
    DrawDeleteColumn {}
    DrawRelations {}
    DrawHolds {}
    DrawBroken {}
    DrawUntold {}
    DrawProposed {}
    DrawAdd {}
    DrawOwnRelation {}
    DrawSamples {}
    DrawCheck {}
    DrawChecking {}
    DrawNotFound {}
    DrawFound {}
    DrawNothingChosen {}
    DrawAccept {}
    DrawDiscard {}
    DrawKeys {}
    DrawZoomIn {}
    DrawZoomOut {}
    DrawSheet {}
    DrawGone {}
}

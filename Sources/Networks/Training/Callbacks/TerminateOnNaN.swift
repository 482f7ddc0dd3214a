import Core

/// A loss that is not finite ends the fit with what there was before the batch, where it is an error otherwise. Bad
/// values in the data stay errors.
final class TerminateOnNaN: FitCallback {
    static let entry = Entry<any FitCallback>(
        "TerminateOnNaN", aliases: ["terminate_on_nan"], doc: "a loss that is not finite ends a fit without an error"
    ) { _ in TerminateOnNaN() }

    private init() {}
}

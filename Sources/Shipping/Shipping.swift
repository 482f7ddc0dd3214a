// No code: this target carries the linker settings of the shipped library (Package.swift), so that they apply to
// libapus.so alone and not to every program that links the Apus target, the test bundle for one.

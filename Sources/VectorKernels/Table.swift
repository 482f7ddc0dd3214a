import CVector

package func kernelTable() -> apus_kernels { apus_kernels() }

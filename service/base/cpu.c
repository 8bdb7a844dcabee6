/* Which of the hand-written kernels this machine can run. */
#include "base/base.h"

bool cpu_runs(enum cpu_kernel k)
{
#if defined(__x86_64__)
	if (k == CPU_AVX2)
		return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
	if (k == CPU_AVX512)
		return cpu_runs(CPU_AVX2) && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
		       __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vbmi") &&
		       __builtin_cpu_supports("avx512vbmi2");
#endif
	return k == CPU_PLAIN;
}

enum cpu_kernel cpu_best(void)
{
	return cpu_runs(CPU_AVX512) ? CPU_AVX512 : cpu_runs(CPU_AVX2) ? CPU_AVX2 : CPU_PLAIN;
}

struct str cpu_kernel_name(enum cpu_kernel k)
{
	static const char *const names[CPU_KERNELS] = {"plain", "avx2", "avx512"};
	return str_of((unsigned)k < CPU_KERNELS ? names[k] : "unknown");
}

/* fuzz.h - one entry point, two ways to run it
 *
 *	clang -fsanitize=fuzzer,address	libFuzzer looks for inputs
 *	gcc -DFUZZ_REPLAY ...		main() below runs the files it is given,
 *					so that `make check` keeps old findings fixed
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#ifdef FUZZ_REPLAY
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
	for (int k = 1; k < argc; k++) {
		size_t room = 1 << 24, n;
		uint8_t *all = malloc(room), *exact;
		FILE *f = fopen(argv[k], "rb");

		if (!f || !all) {
			fprintf(stderr, "cannot read '%s'\n", argv[k]);
			return 2;
		}
		n = fread(all, 1, room, f);
		fclose(f);
		/* in a piece of its own size, so that a byte too far is seen */
		exact = malloc(n ? n : 1);
		for (size_t i = 0; i < n; i++)
			exact[i] = all[i];
		LLVMFuzzerTestOneInput(exact, n);
		free(exact);
		free(all);
	}
	printf("%d inputs\n", argc - 1);
	return 0;
}
#endif

#endif

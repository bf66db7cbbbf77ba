// The same as host.py, linked with the library as an archive.
#include <stdio.h>

char *TryCreate(char *name);
char *TryOthers(char *name);

int main(void)
{
	printf("TryCreate %s\n", TryCreate("made"));
	printf("TryOthers %s\n", TryOthers("there"));
	return 0;
}

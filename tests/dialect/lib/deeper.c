#define LIB_ANSWER 42

// Binary trees allocated and freed node by node: malloc.
#include <stdio.h>
#include <stdlib.h>

typedef struct Tree { struct Tree *left, *right; } Tree;

static Tree *make(int depth) {
    Tree *tree = malloc(sizeof *tree);
    tree->left = depth ? make(depth - 1) : NULL;
    tree->right = depth ? make(depth - 1) : NULL;
    return tree;
}
static int count(const Tree *tree) { return tree->left ? 1 + count(tree->left) + count(tree->right) : 1; }
static void drop(Tree *tree) {
    if (tree->left) { drop(tree->left); drop(tree->right); }
    free(tree);
}

int main(void) {
    long long total = 0;
    Tree *kept = make(16);
    for (int depth = 4; depth <= 16; depth += 4)
        for (int i = 0; i < 1 << (21 - depth); i++) {
            Tree *tree = make(depth);
            total += count(tree);
            drop(tree);
        }
    printf("%lld %d\n", total, count(kept));
}
